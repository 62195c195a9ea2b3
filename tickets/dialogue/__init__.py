"""The written dialogue of chat, mail and form, and the conversations it is carried on in (ADR 42)."""
