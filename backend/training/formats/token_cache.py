"""Tokenised files kept over jobs: the same bytes, template and tokenizer are tokenised once.

cache/tokens/<key>/    published whole, with a manifest; verified before use, the least recently used ones go first
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared.storage import STAGE_PREFIX, AlreadyPublished, CorruptArtefact, sha256_file, stage, verify_folder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

# counts up when shapes are rendered or masked in another way: what lies there under an older number is never used
_VERSION = 1
_MIB = 1 << 20
_STAGE_LIFE_S = 86_400


@dataclass(frozen=True, slots=True)
class TokenCache:
    """A folder of tokenised files; several processes may use it at once.

    Args:
        folder: Made when it is first needed.
        limit_mb: Size above which the least recently used entries are removed (unit: MiB).
    """

    folder: Path
    limit_mb: int

    def found_or_made(self, path: Path, tokenizer: "PreTrainedTokenizerBase", make: Callable[[Path], None]) -> Path:
        """The folder with the tokens of `path`.

        Args:
            path: Data file.
            tokenizer: What it is tokenised with.
            make: Fills an empty folder, if nothing is there yet; what it raises is raised, and nothing is kept.
        """
        target = self.folder / token_key(path, tokenizer)
        if self._is_there(target):
            os.utime(target)
            return target
        with stage(target) as staged:
            make(staged.path)
            try:
                staged.publish({"kind": "tokens", "file": path.name})
            except AlreadyPublished:
                logger.info("tokens.made_twice", extra={"key": target.name})
        with contextlib.suppress(FileNotFoundError):  # another process trims as well
            self._trim(keep=target)
        return target

    def _is_there(self, target: Path) -> bool:
        if not target.exists():
            return False
        try:
            verify_folder(target)
        except CorruptArtefact as exc:
            logger.warning("tokens.damaged", extra={"key": target.name, "reason": exc.message})
            shutil.rmtree(target, ignore_errors=True)
            return False
        return True

    def _trim(self, *, keep: Path) -> None:
        """Remove what was used least recently; what a reader holds open (on Windows) stays for the next time."""
        entries = sorted((entry.stat().st_mtime, entry) for entry in self.folder.iterdir() if entry != keep)
        sizes = {entry: _size(entry) for _, entry in entries}
        used = _size(keep) + sum(sizes.values())
        for last_used, entry in entries:
            # a stage is somebody's work, unless that somebody must be dead
            is_wanted = entry.name.startswith(STAGE_PREFIX) and time.time() - last_used < _STAGE_LIFE_S
            if not is_wanted and (entry.name.startswith(STAGE_PREFIX) or used > self.limit_mb * _MIB):
                shutil.rmtree(entry, ignore_errors=True)
                used -= sizes[entry]


def token_key(path: Path, tokenizer: "PreTrainedTokenizerBase") -> str:
    """Hash of all that decides the tokens: content and kind of the file, tokenizer, chat template."""
    facts = [
        _VERSION,
        sha256_file(path),
        path.suffix.lower(),
        tokenizer_digest(tokenizer),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def tokenizer_digest(tokenizer: "PreTrainedTokenizerBase") -> str:
    """SHA-256 over vocabulary, rules, special tokens and chat template, hex."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    rules = backend.to_str() if backend is not None else json.dumps(tokenizer.get_vocab(), sort_keys=True)
    special = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
    facts = [type(tokenizer).__name__, rules, special, tokenizer.chat_template]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())
