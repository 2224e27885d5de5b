"""From a claimed job to the order of its trainer process."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from backend.training.folders import TrainingFolders
from backend.training.inputs import InputResolver
from backend.training.preflight import Preflight
from backend.training.training_config import TrainingConfig
from backend.training.workers.protocol import TrainingOrder, plain_continuous
from shared.models.job import Claim, TrainingJob
from shared.storage import disk_errors, make_folder


class OrderWriter:
    """Resolves a job's inputs into absolute paths.

    Args:
        save_every: Default distance of checkpoints, in optimizer steps.
        cpu_threads: Threads of one trainer, so that all workers together use each core once.
        token_cache_mb: Size of the token cache (unit: MiB); 0: none.
        trainer_types: Trainers that may be used; None: every installed one.
        history: Tells what happened to a job before.
    """

    def __init__(
        self,
        inputs: InputResolver,
        folders: TrainingFolders,
        *,
        save_every: int,
        cpu_threads: int,
        token_cache_mb: int = 0,
        trainer_types: Collection[str] | None = None,
        history: Callable[[TrainingJob], Mapping[str, Any]] = lambda _: {},
    ) -> None:
        self._inputs = inputs
        self._folders = folders
        self._save_every = save_every
        self._cpu_threads = cpu_threads
        self._history = history
        self._token_cache_mb = token_cache_mb
        self._preflight = Preflight(inputs, trainer_types=trainer_types)

    def write(self, job: TrainingJob, claim: Claim) -> TrainingOrder:
        """The order of one attempt.

        Raises:
            ClaraError: If a model, dataset or file is no longer there, or the database is away.
        """
        config = TrainingConfig.parse(job.config)
        job_dir = self._folders.job(job.job_id)
        with disk_errors(job_dir):
            make_folder(job_dir)
        inputs = self._inputs.resolve(config, self._preflight.trainer(job.trainer_type), job_dir)
        adapter_name = f"{job.job_id}.e{claim.epoch}"
        earlier = [str(self._folders.job(job.resume_from) / "checkpoints")] if job.resume_from else []
        return TrainingOrder(
            job_id=job.job_id,
            job_name=job.job_name,
            created_by=job.created_by,
            trainer_type=job.trainer_type,
            claim_epoch=claim.epoch,
            config=job.config,
            base_model=inputs.base_model,
            chat_template=inputs.chat_template,
            is_offline=self._inputs.is_offline,
            train_path=str(inputs.train),
            validation_path=str(inputs.validation) if inputs.validation else None,
            test_path=str(inputs.test) if inputs.test else None,
            content_sha256=inputs.content_sha256,
            dataset_id=inputs.dataset_id,
            job_dir=str(job_dir),
            adapter_id=f"adapter_{job.job_id.removeprefix('job_')}",
            adapter_path=str(self._folders.adapters(job.output_dir) / adapter_name),
            resume_dirs=(str(job_dir / "checkpoints"), *earlier),
            save_every_steps=config.training.save_steps or self._save_every,
            cpu_threads=config.training.cpu_threads or self._cpu_threads,
            history=self._history(job),
            token_cache_dir=str(self._folders.token_cache),
            token_cache_mb=self._token_cache_mb,
            continuous=plain_continuous(inputs.continuous),
        )
