"""Single sign-on by OpenID Connect: the provider says who somebody is, an account what they may."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError as ClientOAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2 import OAuth2Error
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Connection, Engine, Row, select, update

from hsl import audit, audit_changes, database
from hsl.accounts import attempts, registry, signing_in
from hsl.accounts.signing_in import Browser, SignedIn, SignInError
from hsl.accounts.tables import accounts
from hsl.acting import Role
from hsl.settings import Settings
from hsl.words import N_, _, in_english

PATIENCE = 10.0  # seconds that one answer of the provider may take
LEEWAY = 60  # seconds that its clock may differ
NO_ACCOUNT = N_("You have no account here. Ask an admin for one.")
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]  # none by a shared key


@dataclass(frozen=True)
class Begun:
    """What must come back, kept by the browser until it does; and where it goes now."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Person:
    """Whom the provider names: for good by `subject`; by an email address only if verified."""

    subject: str
    email: str | None


class RefusedError(SignInError):
    """Somebody does not come in; `stored` says why in English, for the audit."""

    def __init__(self, reason: str, **values: Any) -> None:
        super().__init__(_(reason, **values))
        with in_english():
            self.stored = _(reason, **values)


class ProviderAwayError(RefusedError):
    """The provider does not answer as it should, which is not the fault of who signs in."""


def is_set_up(settings: Settings) -> bool:
    """Whether a provider is named."""
    return bool(settings.oidc_issuer and settings.oidc_client_id)


def begin(settings: Settings, redirect_uri: str) -> Begun:
    """Where to send a browser. Raises SignInError where the provider does not answer."""
    try:
        endpoints = _endpoints(settings)
        nonce, verifier = generate_token(32), generate_token(64)
        with _client(settings, redirect_uri) as client:
            address, state = client.create_authorization_url(
                endpoints["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
    except (httpx2.HTTPError, KeyError, ValueError) as fault:
        raise _silent(fault) from fault
    return Begun(address, state, nonce, verifier)


def finish(settings: Settings, redirect_uri: str, begun: Begun, query: Mapping[str, str]) -> Person:
    """Who came back with this query, by an ID token of the provider's. Raises SignInError."""
    if not query.get("state") or query["state"] != begun.state or not query.get("code"):
        raise RefusedError(N_("Signing in was not finished. Try again."))
    try:
        endpoints = _endpoints(settings)
        with _client(settings, redirect_uri) as client:
            token = client.fetch_token(
                endpoints["token_endpoint"],
                code=query["code"],
                code_verifier=begun.verifier,
                grant_type="authorization_code",
            )
        keys = KeySet.import_key_set(_json(endpoints["jwks_uri"]))
        read = jwt.decode(str(token["id_token"]), keys, algorithms=ALGORITHMS)
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": endpoints["issuer"]},
            aud={"essential": True, "value": settings.oidc_client_id},
            sub={"essential": True},
            exp={"essential": True},
            nonce={"essential": True, "value": begun.nonce},
        ).validate(read.claims)
    except (JoseError, OAuth2Error, ClientOAuthError) as fault:
        raise RefusedError(N_("The provider’s answer was not valid. Try again.")) from fault
    except (httpx2.HTTPError, KeyError, ValueError) as fault:
        raise _silent(fault) from fault
    return _person(read.claims)


def come_back(
    engine: Engine,
    settings: Settings,
    redirect_uri: str,
    begun: Begun,
    query: Mapping[str, str],
    browser: Browser,
) -> SignedIn:
    """Sign in who came back with this query. Raises SignInError, or LockedError.

    It counts for the address as a password does: as failed before it is looked at, and taken back
    where it was right, or where the provider is away, which is nobody's guess.
    """
    by_address = attempts.of_address(browser.address)
    with engine.begin() as connection:
        attempts.begin(connection, {by_address: attempts.FREE_BY_ADDRESS})
    try:
        person = finish(settings, redirect_uri, begun, query)
    except RefusedError as fault:
        with engine.begin() as connection:
            if isinstance(fault, ProviderAwayError):
                attempts.take_back(connection, by_address)
            _failed(connection, None, browser, fault.stored)
        raise
    entered = enter(engine, settings, person, browser)
    with engine.begin() as connection:
        attempts.take_back(connection, by_address)
    return entered


def enter(engine: Engine, settings: Settings, person: Person, browser: Browser) -> SignedIn:
    """Sign in whom the provider named. Raises SignInError for who has no account here."""
    with engine.begin() as connection:
        database.take_turns(connection, registry.TURN)
        account = _account(connection, settings, person)
        if account is None or account.disabled_at is not None:
            _failed(connection, account, browser, NO_ACCOUNT)
        else:
            return signing_in.enter(connection, settings, account, browser)
    raise RefusedError(NO_ACCOUNT)


def _failed(
    connection: Connection, account: Row[Any] | None, browser: Browser, reason: str
) -> None:
    signing_in.failed(connection, account, browser, by="single sign-on", reason=reason)


def _account(connection: Connection, settings: Settings, person: Person) -> Row[Any] | None:
    found = connection.execute(
        select(accounts).where(accounts.c.subject == person.subject)
    ).one_or_none()
    if found is not None or person.email is None:
        return found
    found = connection.execute(
        select(accounts).where(accounts.c.email == person.email)
    ).one_or_none()
    if found is not None:
        if found.subject is not None:  # the address was given to somebody else since
            return None
        connection.execute(
            update(accounts).where(accounts.c.id == found.id).values(subject=person.subject)
        )
        audit.record(
            connection,
            actor=found.name,
            action="account_linked",
            object_type="account",
            object_id=found.name,
            details=audit_changes.between({}, {"single_sign_on": True}),
        )
        return found
    if not settings.oidc_new_viewers:
        return None
    account_id = registry.insert_account(
        connection,
        person.email,
        Role.VIEWER,
        email=person.email,
        subject=person.subject,
        actor=person.email,
    )
    return connection.execute(select(accounts).where(accounts.c.id == account_id)).one()


def _person(claims: Mapping[str, Any]) -> Person:
    email = claims.get("email")
    verified = claims.get("email_verified") is True and isinstance(email, str)
    return Person(
        subject=f"{claims['iss']} {claims['sub']}",
        email=str(email).strip().lower() if verified else None,
    )


def _client(settings: Settings, redirect_uri: str) -> OAuth2Client:
    secret = settings.oidc_client_secret
    return OAuth2Client(
        client_id=settings.oidc_client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
        token_endpoint_auth_method="none" if secret is None else "client_secret_basic",
        scope="openid email",
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        timeout=PATIENCE,
    )


def _endpoints(settings: Settings) -> dict[str, Any]:
    issuer = settings.oidc_issuer
    found: dict[str, Any] = _json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise ValueError("the provider calls itself otherwise")
    return found


def _json(address: str) -> Any:
    answer = httpx2.get(address, timeout=PATIENCE)
    answer.raise_for_status()
    return answer.json()


def _silent(fault: Exception) -> ProviderAwayError:
    return ProviderAwayError(
        N_(
            "The provider of single sign-on does not answer as it should ({fault}). Sign in by "
            "password, or try again later."
        ),
        fault=type(fault).__name__,
    )
