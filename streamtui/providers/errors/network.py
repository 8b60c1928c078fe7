"""Failures of networks as `ProviderError`: connections that don't come about, break, or fall silent."""

import errno
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Literal

import httpx2

from streamtui.chat.errors import ErrorKind, ProviderError
from streamtui.providers.errors.http import EndpointInfo


def timeout_error(peer: EndpointInfo, seconds: float, waiting_for: str) -> ProviderError:
    return ProviderError("timeout", f"No data for {seconds:g} s: {peer.host} {waiting_for}. Try again.")


def network_error(peer: EndpointInfo, error: BaseException, seconds: float) -> ProviderError:
    """Return the error for a request that got no answer; `seconds` is the connect deadline."""
    chain = list(_causes(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ProviderError("connect", _certificate_message(peer.host, cause.verify_code))
    fault = _fault(chain)
    if peer.proxy is None:
        message = _at_host(fault, peer.host, seconds)
    else:
        message = _at_proxy(fault, peer.host, peer.proxy, seconds)
    kind: ErrorKind = "timeout" if fault == "slow" else "connect"
    may_pass = fault in ("refused", "slow", "no path", "closed") or (fault == "unknown" and not _is_no_name(chain))
    return ProviderError(kind, message, retryable=may_pass)


_Fault = Literal["tls", "unknown", "refused", "slow", "proxy", "login", "no path", "request", "closed"]


def _fault(chain: Sequence[BaseException]) -> _Fault:
    """Return what kept a request from being answered. The HTTP libraries' own texts say little."""
    kinds: tuple[tuple[type[BaseException], _Fault], ...] = (
        (ssl.SSLError, "tls"),
        (socket.gaierror, "unknown"),
        (ConnectionRefusedError, "refused"),
        (httpx2.TimeoutException, "slow"),
        (httpx2.ProxyError, "proxy"),
    )
    if any(isinstance(cause, httpx2.ProxyError) and str(cause).startswith("407") for cause in chain):
        return "login"
    for kind, fault in kinds:
        if any(isinstance(cause, kind) for cause in chain):
            return fault
    if any(isinstance(cause, OSError) and cause.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH) for cause in chain):
        return "no path"
    return "request" if any(isinstance(cause, httpx2.LocalProtocolError) for cause in chain) else "closed"


def _is_no_name(chain: Sequence[BaseException]) -> bool:
    """Return whether a name server answered that there is no such host; without one the network may only be away."""
    codes = {cause.errno for cause in chain if isinstance(cause, socket.gaierror)}
    return bool(codes) and socket.EAI_AGAIN not in codes


def _certificate_message(host: str, code: int) -> str:
    """`code` is OpenSSL's (X509_V_ERR_…)."""
    match code:
        case 62 | 64:
            return f"{host} shows a certificate for another name. Put the name that it is for into the base URL."
        case 9 | 10:
            return f"{host} shows a certificate that is out of date. Its owner must renew it, or this clock is wrong."
        case _:
            return (
                f"{host} shows a certificate that is not trusted (self-signed?)."
                " If it is yours, name it in SSL_CERT_FILE."
            )


def _at_host(fault: _Fault, host: str, seconds: float) -> str:
    match fault:
        case "tls":
            return f"{host} does not speak TLS as expected. If it is a plain server, write http:// in the base URL."
        case "unknown":
            return f"There is no host {host}, or no network (DNS). Check the base URL and the connection."
        case "refused":
            return f"Nobody listens at {host} (connection refused). Is the server running, and the port right?"
        case "slow":
            return f"No connection to {host} within {seconds:g} s. Check the base URL and the network."
        case "no path":
            return f"There is no network path to {host}. Check the connection."
        case "request":
            return f"The request to {host} could not be written as HTTP. Check the key and URL."
        case _:
            return (
                f"{host} closed the connection without an answer. If it expects TLS, write https:// in the base URL;"
                " otherwise try again."
            )


def _at_proxy(fault: _Fault, host: str, proxy: str, seconds: float) -> str:
    check = "Check HTTPS_PROXY and the other proxy variables."
    match fault:
        case "tls":
            return f"The proxy {proxy} opens no way to {host} on which TLS is spoken. {check}"
        case "unknown":
            return f"There is no proxy {proxy} to reach {host} through, or no network (DNS). {check}"
        case "refused":
            return f"Nobody listens at the proxy {proxy}, through which {host} is to be reached. {check}"
        case "slow":
            return f"No connection to {host} through the proxy {proxy} within {seconds:g} s. {check}"
        case "proxy":
            return f"The proxy {proxy} would not connect to {host}. {check}"
        case "login":
            return (
                f"The proxy {proxy} to {host} wants a user name and password (407). Put them into its URL:"
                " HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT."
            )
        case "no path":
            return f"There is no network path to the proxy {proxy}, through which {host} is to be reached. {check}"
        case "request":
            return _at_host(fault, host, seconds)
        case "closed":
            return f"The proxy {proxy} closed the connection to {host} without an answer. {check}"


def broken_stream_error(peer: EndpointInfo, error: BaseException) -> ProviderError:
    """Return the error for a fault in the middle of a response's body."""
    if any(isinstance(cause, httpx2.DecodingError) for cause in _causes(error)):
        return ProviderError("protocol", f"{peer.host} sent compressed data that can't be unpacked. Try again.")
    return ProviderError("dropped", f"The connection to {peer.host} was lost in mid-reply. Try again.", retryable=True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the chain behind an exception; the HTTP libraries' own texts say little and may quote the key."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        cause = pending.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending.extend((cause.__context__, cause.__cause__))
        if isinstance(cause, BaseExceptionGroup):
            pending.extend(cause.exceptions)
