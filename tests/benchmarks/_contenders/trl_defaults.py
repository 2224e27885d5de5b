"""`trl.SFTTrainer` with its defaults; set is only what must be equal, what a CPU needs, and that nothing is sent.

With FLOAT32 in the environment, bf16 is off: the one default that a CPU may be bad at.
"""

import os
from importlib.metadata import version

from tests.benchmarks._contenders.task import Task, answer, main


def train(task: Task) -> None:
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    from tests.benchmarks._contenders._callback import Measured

    micro_batch = SFTConfig(output_dir=task.folder, use_cpu=True).per_device_train_batch_size
    float32 = {"bf16": False} if os.environ.get("FLOAT32") else {}
    config = SFTConfig(
        output_dir=f"{task.folder}/run",
        use_cpu=True,
        report_to=[],
        disable_tqdm=True,
        gradient_accumulation_steps=task.effective_batch // micro_batch,
        num_train_epochs=task.epochs,
        learning_rate=task.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=task.warmup_steps,
        seed=task.seed,
        **float32,
    )
    lora = LoraConfig(
        task_type="CAUSAL_LM", r=task.rank, lora_alpha=task.alpha, lora_dropout=0.0, target_modules="all-linear"
    )
    measured = Measured()
    trainer = SFTTrainer(
        task.model,
        args=config,
        train_dataset=Dataset.from_list(task.records()),
        peft_config=lora,
        callbacks=[measured],
    )
    trainer.train()
    trainer.save_model(str(task.adapter))
    answer(
        task,
        measured.stretch,
        steps=measured.steps,
        trained_tokens=int(measured.trained_tokens),
        version=version("trl"),
        micro_batch=micro_batch,
        bf16=config.bf16,
        gradient_checkpointing=config.gradient_checkpointing,
    )


if __name__ == "__main__":
    main(train)
