"""`python -m suar`, which is what .venv/bin/suar runs."""

from suar.main import app

app(prog_name="suar")
