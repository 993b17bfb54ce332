"""The page where people audit predictions: FastAPI, Jinja2, htmx; needs the extra `review`."""
