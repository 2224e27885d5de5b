"""The least that a LoRA run can be: transformers' model, peft's adapter, the batches of ours, and nothing around them.

It logs nothing, watches nothing, saves nothing but the adapter, and asks nobody whether to go on.
"""

import math
import os

from tests.benchmarks._contenders.task import IGNORED, Stretch, Task, answer, main


def train(task: Task) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from backend.training.utils.batching import epoch_order

    torch.manual_seed(task.seed)
    tokenizer = AutoTokenizer.from_pretrained(task.model)
    rows = []
    for record in task.records():
        prompt = tokenizer(record["prompt"])["input_ids"]
        completion = [*tokenizer(record["completion"])["input_ids"], tokenizer.eos_token_id]
        rows.append((torch.tensor(prompt + completion), torch.tensor([IGNORED] * len(prompt) + completion)))
    base = AutoModelForCausalLM.from_pretrained(task.model, dtype=torch.float32)
    lora = LoraConfig(
        task_type="CAUSAL_LM", r=task.rank, lora_alpha=task.alpha, lora_dropout=0.0, target_modules="all-linear"
    )
    model = get_peft_model(base, lora)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    micro_batch = int(os.environ["MICRO_BATCH"])
    steps_per_epoch = math.ceil(len(rows) / task.effective_batch)
    optimizer = torch.optim.AdamW(parameters, lr=task.learning_rate, weight_decay=0.0, fused=True)
    schedule = _cosine(optimizer, warmup=task.warmup_steps, total=task.epochs * steps_per_epoch)
    lengths = [len(ids) for ids, _ in rows]
    pad = torch.nn.utils.rnn.pad_sequence
    stretch, trained = Stretch(), 0
    model.train()
    stretch.begin()
    for epoch in range(task.epochs):
        order = epoch_order(lengths, batch_size=micro_batch, seed=task.seed, epoch=epoch)
        share = task.effective_batch // micro_batch
        for start in range(0, len(order), share):
            batches = [[rows[index] for index in indices] for indices in order[start : start + share]]
            targets = sum(int((labels != IGNORED).sum()) for batch in batches for _, labels in batch)
            for batch in batches:
                ids = pad([ids for ids, _ in batch], batch_first=True, padding_value=tokenizer.pad_token_id)
                labels = pad([labels for _, labels in batch], batch_first=True, padding_value=IGNORED)
                mask = pad([torch.ones_like(ids) for ids, _ in batch], batch_first=True)
                model(input_ids=ids, attention_mask=mask, labels=labels, num_items_in_batch=targets).loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            trained += targets
    stretch.end()
    model.save_pretrained(task.adapter)
    answer(task, stretch, steps=task.epochs * steps_per_epoch, trained_tokens=trained)


def _cosine(optimizer, *, warmup, total):
    from transformers import get_cosine_schedule_with_warmup

    return get_cosine_schedule_with_warmup(optimizer, warmup, total)


if __name__ == "__main__":
    main(train)
