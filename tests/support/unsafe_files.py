"""Files that would run something, or lead somewhere, if they were read with less care.

Each case makes its file in an empty folder and reads it as the product does; what it wants to run leaves a mark.
"""

import io
import json
import os
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.datasets.settings_file import read_settings_file
from backend.training.folders import TrainingFolders
from backend.training.formats.validation import check_file
from backend.training.training_config import load_config_file
from backend.training.utils.adapted_model import with_saved_adapter
from backend.training.utils.base_model import load_config, load_model, load_tokenizer, locate_base_model
from shared.database.embeddings.model_folder import ModelFolder
from shared.storage import verify_folder

Edit = Callable[["Lab"], None]
Read = Callable[["Lab"], object]


class Payload:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self._mark}'",)


@dataclass(frozen=True)
class Lab:
    """Where one case happens.

    Args:
        folder: Copy of a good base model in `models/m`, and empty folders `data`, `configs`.
        mark: There, something was run.
        model: A loaded base model, for adapters.
    """

    folder: Path
    mark: Path
    model: Any

    @property
    def base(self) -> Path:
        return self.folder / "models" / "m"

    @property
    def folders(self) -> TrainingFolders:
        root = self.folder
        return TrainingFolders(root / "data", root / "models", root / "configs", root / "logs", (root / "models",))

    @property
    def pickled(self) -> bytes:
        return pickle.dumps(Payload(self.mark))

    def torch_zip(self) -> bytes:
        """What `torch.save` writes: a zip with a pickle in it."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("archive/data.pkl", self.pickled)
            archive.writestr("archive/version", "3\n")
        return content.getvalue()

    def edit(self, name: str, **changes: object) -> None:
        """Change a JSON file of the base model."""
        file = self.base / name
        found = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(found | changes))

    def code(self, name: str = "evil.py") -> None:
        """A module that leaves the mark when it is imported."""
        text = f"open({str(self.mark)!r}, 'w').close()\nclass Config: pass\nclass Model: pass\n"
        (self.base / name).write_text(text)


def read_base(lab: Lab) -> object:
    """As a trainer does."""
    folder = locate_base_model(str(lab.base), is_offline=True)
    return load_config(folder), load_tokenizer(folder), load_model(folder, dtype="float32")


def read_adapter(lab: Lab) -> object:
    return with_saved_adapter(lab.model, lab.folder / "adapter")


def read_embedding(lab: Lab) -> object:
    return ModelFolder.read(lab.base)


def read_config(lab: Lab) -> object:
    return load_config_file(lab.folders.config_file("c.yaml"))


def read_data(name: str) -> Read:
    return lambda lab: check_file(lab.folders.train_file(name))


def read_profile(lab: Lab) -> object:
    from backend.datasets.foreign_sources import _File

    return read_settings_file(lab.folder / "configs" / "c.yaml", _File)


def read_published(lab: Lab) -> object:
    return verify_folder(lab.folder / "published")


def _instead_of_weights(content: Callable[[Lab], bytes], name: str) -> Edit:
    def edit(lab: Lab) -> None:
        (lab.base / "model.safetensors").unlink()
        (lab.base / name).write_bytes(content(lab))

    return edit


def _weights(header: bytes, body: bytes = b"", length: int | None = None) -> Edit:
    """A safetensors file with this header."""
    content = struct.pack("<Q", len(header) if length is None else length) + header + body
    return _instead_of_weights(lambda _: content, "model.safetensors")


def _tensor(**fields: object) -> bytes:
    return json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **fields}}).encode()


def _with_code(name: str, **changes: object) -> Edit:
    def edit(lab: Lab) -> None:
        lab.code()
        lab.edit(name, **changes)

    return edit


def _index(shard: str) -> Edit:
    def edit(lab: Lab) -> None:
        (lab.base / "model.safetensors").rename(lab.folder / "elsewhere.safetensors")
        (lab.folder / "models" / "pickled.bin").write_bytes(lab.torch_zip())
        (lab.base / "pickled.bin").write_bytes(lab.torch_zip())
        lab.edit("model.safetensors.index.json", weight_map={"model.embed_tokens.weight": shard})

    return edit


def _adapter(lab: Lab) -> None:
    (lab.folder / "adapter").mkdir()
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "target_modules": ["q_proj"]}
    (lab.folder / "adapter" / "adapter_config.json").write_text(json.dumps(config))
    (lab.folder / "adapter" / "adapter_model.bin").write_bytes(lab.torch_zip())


def _yaml(text: str) -> Edit:
    return lambda lab: _write(lab.folder / "configs" / "c.yaml", text.replace("MARK", str(lab.mark)).encode())


def _data(name: str, content: Callable[[Lab], bytes]) -> Edit:
    return lambda lab: _write(lab.folder / "data" / name, content(lab))


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def _script(lab: Lab) -> bytes:
    return f"import datasets\nopen({str(lab.mark)!r}, 'w').close()\n".encode()


def _link(place: str, name: str, target: str) -> Edit:
    return lambda lab: (lab.folder / place / name).symlink_to(target)


def _published(lab: Lab) -> None:
    from shared.storage import stage

    with stage(lab.folder / "published") as staged:
        (staged.path / "adapter.safetensors").write_bytes(b"x")
        staged.publish()
    (lab.folder / "published" / "adapter.safetensors").unlink()
    (lab.folder / "published" / "adapter.safetensors").symlink_to("/etc/hostname")


def _parquet_with_python(lab: Lab) -> bytes:
    """A column whose type asks to be unpickled."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": lab.pickled}
    field = pa.field("text", pa.binary(), metadata=metadata)
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([b"a"])], schema=pa.schema([field])), sink)
    return sink.getvalue()


_ALIASES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

CASES: Mapping[str, tuple[Edit, Read]] = {
    "pickled weights": (_instead_of_weights(lambda lab: lab.pickled, "pytorch_model.bin"), read_base),
    "torch zip": (_instead_of_weights(lambda lab: lab.torch_zip(), "pytorch_model.bin"), read_base),
    "torch zip named .pt": (_instead_of_weights(lambda lab: lab.torch_zip(), "model.pt"), read_base),
    "pickle named safetensors": (_instead_of_weights(lambda lab: lab.pickled, "model.safetensors"), read_base),
    "torch zip named safetensors": (_instead_of_weights(lambda lab: lab.torch_zip(), "model.safetensors"), read_base),
    "header longer than the file": (_weights(b"{}", length=1 << 40), read_base),
    "header of 2^64-1 bytes": (_weights(b"{}", length=(1 << 64) - 1), read_base),
    "header that is no JSON": (_weights(b"not json"), read_base),
    "header nested 100,000 deep": (_weights(b"[" * 100_000), read_base),
    "tensor beyond the file": (_weights(_tensor(data_offsets=[0, 1 << 40])), read_base),
    "tensor of negative size": (_weights(_tensor(data_offsets=[4, 0]), b"abcd"), read_base),
    "tensor larger than its bytes": (_weights(_tensor(shape=[1 << 62, 1 << 62]), b"abcd"), read_base),
    "tensor of unknown type": (_weights(_tensor(dtype="OBJECT"), b"abcd"), read_base),
    "auto_map in config.json": (
        _with_code("config.json", auto_map={"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}),
        read_base,
    ),
    "auto_map in tokenizer_config.json": (
        _with_code("tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Model", None]}),
        read_base,
    ),
    "auto_map in generation_config.json": (
        _with_code("generation_config.json", auto_map={"x": "evil.Model"}),
        read_base,
    ),
    "kernel from a hub": (_with_code("config.json", attn_implementation="somebody/kernel"), read_base),
    "adapter that names another base": (
        _with_code("adapter_config.json", peft_type="LORA", base_model_name_or_path="somebody/model"),
        read_base,
    ),
    "index that names a pickle": (_index("pickled.bin"), read_base),
    "index that climbs out": (_index("../../elsewhere.safetensors"), read_base),
    "adapter as a pickle": (_adapter, read_adapter),
    "embedding with auto_map": (_with_code("config.json", auto_map={"AutoModel": "evil.Model"}), read_embedding),
    "embedding that climbs out": (
        lambda lab: _write(lab.base / "modules.json", b'[{"type": "x.Transformer", "path": "../../../../etc"}]'),
        read_embedding,
    ),
    "YAML that calls": (_yaml("model: !!python/object/apply:os.system ['touch MARK']\n"), read_config),
    "YAML that imports": (_yaml("model: !!python/name:os.system\n"), read_config),
    "YAML that makes an object": (_yaml("sources: !!python/object/new:os.system ['touch MARK']\n"), read_profile),
    "YAML of a billion aliases": (_yaml(_ALIASES), read_config),
    "YAML of 2 MB": (_yaml("a: " + "x" * (2 << 20)), read_config),
    "dataset script": (_data("load.py", _script), read_data("load.py")),
    "pickle named jsonl": (_data("rows.jsonl", lambda lab: lab.pickled), read_data("rows.jsonl")),
    "pickle named parquet": (_data("rows.parquet", lambda lab: lab.pickled), read_data("rows.parquet")),
    "parquet with a pickled type": (_data("rows.parquet", _parquet_with_python), read_data("rows.parquet")),
    "data that is a link": (_link("data", "rows.jsonl", "/etc/passwd"), read_data("rows.jsonl")),
    "config that is a link": (_link("configs", "c.yaml", "/etc/hostname"), read_config),
    "published file that is a link": (_published, read_published),
}


def laboratory(folder: Path, good: Path, mark: Path, model: Any) -> Lab:
    """An empty place with a good model, to be spoilt."""
    for name in ("data", "configs", "models"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(good, folder / "models" / "m")
    return Lab(folder, mark, model)
