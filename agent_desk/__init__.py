"""The web application: CSO, supervisor, command center, crew, public tracking. The top of the house."""
