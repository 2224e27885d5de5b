"""The Ed25519 key of an installation, with which it signs anchors of its audit log."""

import hashlib
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.errors import Unavailable

KEY_FILE = "anchor-key.pem"
PUBLIC_FILE = "anchor-key.pub.pem"


class AnchorKeyUnusable(Unavailable):
    """The key with which the audit log is anchored cannot be read, made or trusted."""

    code = "anchor_key_unusable"


class SigningKey:
    """A private key in a file that only its owner reads; the public one lies beside it, for whoever checks.

    Args:
        folder: Where both are; made on the first signature.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._private: Any = None

    def sign(self, message: bytes) -> tuple[str, str]:
        """Id of the key, and the signature as hex.

        Raises:
            AnchorKeyUnusable: If the key cannot be read or made, or others can read it.
        """
        if self._private is None:
            self._private = _load(self._folder)
        return key_id_of(self._private.public_key()), self._private.sign(message).hex()


def public_key(folder: Path) -> Any:
    """The public key of the installation; None if nothing was ever signed here.

    Raises:
        AnchorKeyUnusable: If the file holds no such key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    path = folder / PUBLIC_FILE
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise AnchorKeyUnusable(f"The public key {path} cannot be read: {exc}.") from exc
    if not isinstance(key, Ed25519PublicKey):
        raise AnchorKeyUnusable(f"{path} is no Ed25519 key.")
    return key


def key_id_of(key: Any) -> str:
    """A short name of a public key: the start of the hash of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def is_signed_by(key: Any, message: bytes, signature: str) -> bool:
    """Whether `signature` (hex) is that of `message`."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _load(folder: Path) -> Any:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = folder / KEY_FILE
    try:
        if not path.exists():
            _create(path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise AnchorKeyUnusable(f"{path} can be read by others: chmod 600 it, and ask who may have copied it.")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as exc:
        raise AnchorKeyUnusable(f"The key {path} cannot be read or made: {exc}.") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise AnchorKeyUnusable(f"{path} is no Ed25519 key.")
    _publish(key, folder / PUBLIC_FILE)
    return key


def _create(path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # a name of its own: neither a service beside us nor a process that died may be in the way
    draft = path.with_name(f"{path.name}.{uuid4().hex[:8]}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(pem)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        # unlike a rename, a link never replaces: of two services starting at once the second takes the first one's key
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _publish(key: Any, path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    if path.exists():
        return
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    draft = path.with_name(f"{path.name}.{uuid4().hex[:8]}")
    draft.write_bytes(pem)
    draft.replace(path)
