"""Certificates that are not trusted, told apart from servers that are away: the first are the operator's to mend."""

import ssl

from shared.errors import Misconfigured


def refused_certificate(error: BaseException | None) -> str | None:
    """Return why a server's certificate was refused, where that is what an error, or what caused it, comes from."""
    for _ in range(10):
        if error is None:
            return None
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


def blame_setting(error: BaseException, setting: str, server: str, how: str) -> None:
    """Raise `Misconfigured` where an error comes from a server's certificate; `how` says how its CA is named."""
    refused = refused_certificate(error)
    if refused is not None:
        sentence = f"settings: {setting}: {server}'s certificate is refused ({refused}): name its CA, {how}"
        raise Misconfigured(sentence) from error
