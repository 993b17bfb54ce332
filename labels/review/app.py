"""The application: its routes, what stands before them, and what answers when something is refused."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from ..errors import DataError
from ..store.clock import Clock, utc_now
from ..store.database import Database
from . import routes_home, routes_people, routes_reading, routes_settling, routes_sign_in
from .desk import Desk, ForbiddenError, SignInNeededError
from .protection import Protection
from .settings import ReviewSettings


def create_app(database: Database, settings: ReviewSettings | None = None, *, clock: Clock = utc_now) -> FastAPI:
    """The review page over a store; it asks nothing of the network."""
    settings = settings or ReviewSettings()
    app = FastAPI(title="xjstance review", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = Desk(database, settings, clock)
    for routes in (routes_sign_in, routes_home, routes_reading, routes_settling, routes_people):
        app.include_router(routes.router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    app.add_middleware(Protection, settings=settings)
    app.add_exception_handler(SignInNeededError, _sign_in_needed)
    app.add_exception_handler(ForbiddenError, _forbidden)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(DataError, _wrong_data)
    app.add_exception_handler(HTTPException, _http_error)
    return app


def _sign_in_needed(request: Request, error: Exception) -> Response:
    if request.method == "GET":
        return RedirectResponse("/sign-in", 303)
    return _message(request, "Your session has ended. Sign in, and go back to the article.", 401)


def _forbidden(request: Request, error: Exception) -> Response:
    return _message(request, "You may not open or do this. Go back to the start page and try again.", 403)


def _not_understood(request: Request, error: Exception) -> Response:
    return _message(request, "There is no such page.", 404)


def _wrong_data(request: Request, error: Exception) -> Response:
    return _message(request, str(error), 400)


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _message(request, "There is no such page." if status == 404 else f"Not possible ({status}).", status)


def _message(request: Request, text: str, status: int) -> Response:
    desk: Desk = request.app.state.desk
    return desk.message(text, status=status)
