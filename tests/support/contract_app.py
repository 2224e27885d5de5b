"""A small ASGI application that speaks the contract of the training and the dataset service, from memory.

It is for tests of clients: its objects are plain dictionaries that a test fills, its faults are attributes that a test
sets. What it answers has the shapes of the real services.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

NOW = "2026-01-05T09:00:00Z"
Row = dict[str, Any]


@dataclass
class ContractState:
    """What the services know, and how they misbehave.

    Args:
        updates: Job id -> its `job_update` messages, in order of `seq`.
        cuts: How many messages each WebSocket connection gets before it breaks; then the rest without a cut.
        cut_code: Close code of such a break.
        overtaking: Number of an update that is pushed before any replay.
        token: Needed in the Authorization header; None: no login.
        max_request_bytes: Larger uploads are a 413.
        unreadable: File names that an upload reports as failed.
        damage: Appended to every download after its digest was computed.
        attempts: Job id -> its attempts.
        damaged: Adapter id -> what is wrong with its files.
        objections: Adapters whose comparison speaks against promoting them.
        promotions: What was promoted, in order.
        feedback: Texts -> what is stored of them.
        batches: Sizes of the batches that came.
        asked: Parameters of each list of feedback.
        keys: Idempotency key -> the job that it stands for.
        busy: Submissions that are still answered with 429.
        found: What every search finds, best first.
        searches: The searches that came.
        reviews: Text key -> what quality doubts there, or somebody ruled.
        builds_left: Looks at a pending dataset until its build has ended.
        build_error: Ends builds as failed, with this reason.
        build_statistics: Of builds that end well.
        records: Of every dataset, and of every stream.
        is_stream_cut: Whether streams break before their last line.
    """

    jobs: dict[str, Row] = field(default_factory=dict)
    adapters: dict[str, Row] = field(default_factory=dict)
    datasets: dict[str, Row] = field(default_factory=dict)
    documents: dict[tuple[str, str], Row] = field(default_factory=dict)
    updates: dict[str, list[Row]] = field(default_factory=dict)
    reports: dict[str, Row] = field(default_factory=dict)
    submitted: list[Row] = field(default_factory=list)
    uploads: list[list[str]] = field(default_factory=list)
    resumed_from: list[int] = field(default_factory=list)
    found: list[Row] = field(default_factory=list)
    searches: list[Row] = field(default_factory=list)
    reviews: dict[str, Row] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    cut_code: int = 1011
    records: list[Row] = field(default_factory=list)
    is_stream_cut: bool = False
    attempts: dict[str, list[Row]] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    objections: set[str] = field(default_factory=set)
    promotions: list[Row] = field(default_factory=list)
    feedback: dict[tuple[str, str, str | None], Row] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    busy: int = 0
    overtaking: int | None = None
    token: str | None = None
    max_request_bytes: int = 1 << 30
    unreadable: frozenset[str] = frozenset()
    damage: bytes = b""
    builds_left: int = 2
    build_error: str | None = None
    build_statistics: Row = field(default_factory=dict)


def contract_app(state: ContractState) -> Starlette:
    """Both services in one application."""
    service = _Service(state)
    jobs, datasets = "/api/training/jobs", "/api/datasets"
    return Starlette(
        routes=[
            Route("/health", service.health),
            Route("/readyz", service.health),
            Route("/api/whoami", service.whoami),
            Route(jobs, service.list_jobs),
            Route(jobs, service.submit, methods=["POST"]),
            Route(f"{jobs}/{{id}}", service.job),
            Route(f"{jobs}/{{id}}", service.cancel, methods=["DELETE"]),
            Route(f"{jobs}/{{id}}/retry", service.retry, methods=["POST"]),
            Route(f"{jobs}/{{id}}/resume", service.resume, methods=["POST"]),
            Route(f"{jobs}/{{id}}/pause", service.pause, methods=["POST"]),
            Route(f"{jobs}/{{id}}/attempts", service.attempts),
            Route(f"{jobs}/{{id}}/events", service.events),
            Route(f"{jobs}/{{id}}/logs", service.logs),
            Route(f"{jobs}/{{id}}/report", service.report),
            Route(f"{jobs}/{{id}}/loss-curve.png", service.loss_curve),
            Route(f"{jobs}/{{id}}/report.html", service.report_page),
            Route("/api/training/adapters", service.list_adapters),
            Route("/api/training/adapters/{id}", service.adapter),
            Route("/api/training/adapters/{id}/verify", service.verify),
            Route("/api/training/adapters/{id}/promote", service.promote, methods=["POST"]),
            Route("/api/training/active-adapters", service.active),
            Route("/api/training/feedback", service.list_feedback),
            Route("/api/training/feedback", service.give_feedback, methods=["POST"]),
            Route("/api/training/feedback/{id}", service.one_feedback),
            WebSocketRoute("/api/training/ws", service.feed),
            Route("/api/quality/reviews", service.list_reviews),
            Route("/api/quality/reviews/{id}", service.one_review),
            Route("/api/quality/reviews/{id}", service.rule, methods=["POST"]),
            Route("/api/quality/rulings", service.rule_on_section, methods=["POST"]),
            Route(f"{datasets}/upload", service.upload, methods=["POST"]),
            Route(f"{datasets}/search", service.search, methods=["POST"]),
            Route(f"{datasets}/documents", service.list_documents),
            Route(f"{datasets}/documents/{{id}}", service.document),
            Route(datasets, service.list_datasets),
            Route(datasets, service.create, methods=["POST"]),
            Route(f"{datasets}/stream", service.stream, methods=["POST"]),
            Route(f"{datasets}/{{id}}/records", service.records),
            Route(f"{datasets}/{{id}}", service.dataset),
            Route(f"{datasets}/{{id}}", service.delete, methods=["DELETE"]),
            Route(f"{datasets}/{{id}}/export", service.export, methods=["POST"]),
            Route(f"{datasets}/{{id}}/publish", service.publish, methods=["POST"]),
            Route(f"{datasets}/{{id}}/download/{{format}}", service.download),
        ]
    )


def job(job_id: str, **fields: Any) -> Row:
    """A job as the training service shows it."""
    return {
        "job_id": job_id,
        "job_name": job_id,
        "trainer_type": "lora",
        "status": "pending",
        "created_at": NOW,
    } | fields


def dataset(dataset_id: str, **fields: Any) -> Row:
    """A dataset as the dataset service shows it."""
    return {"dataset_id": dataset_id, "name": dataset_id, "status": "completed", "created_at": NOW} | fields


def review(text_key: str, **fields: Any) -> Row:
    """A doubtful text as the dataset service shows it."""
    return {
        "text_key": text_key,
        "section_id": f"doc_{text_key}:1:0",
        "title": "Satzung",
        "number": "§ 1",
        "score": 0.5,
        "reasons": ["digit_share"],
        "state": "open",
        "noted_at": NOW,
        "text": f"Absatz {text_key}",
    } | fields


def run_of(job_id: str, steps: int, *, status: str = "completed") -> list[Row]:
    """The updates of a whole run: running, one per step, the end."""
    kinds = [("running", 0), *(("running", step) for step in range(1, steps + 1)), (status, steps)]
    return [
        {
            "type": "job_update",
            "job_id": job_id,
            "seq": seq,
            "status": kind,
            "current_step": step,
            "total_steps": steps,
            "progress_percent": 100.0 if kind == "completed" else min(99.9, 100.0 * step / steps),
            "metrics": {"loss": 4.0 / (step + 1), "tokens_per_s": 900.0, "eta_s": float(steps - step)},
            "timestamp": NOW,
        }
        for seq, (kind, step) in enumerate(kinds, start=1)
    ]


def problem(status: int, code: str, detail: str, **members: Any) -> JSONResponse:
    """A problem document."""
    body = {"type": f"urn:clara:error:{code}", "title": code, "status": status, "detail": detail, "code": code}
    return JSONResponse(body | members, status, media_type="application/problem+json")


class _Service:
    def __init__(self, state: ContractState) -> None:
        self.state = state

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "healthy", "service": "clara_training_backend", "port": 45680})

    async def list_jobs(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        wanted = request.query_params.get("status")
        rows = [row for row in reversed(self.state.jobs.values()) if wanted in (None, row["status"])]
        page = _page(rows, "job_id", request)
        counts = {"active_count": 1, "completed_count": 2, "failed_count": 0}
        return JSONResponse({"jobs": page[0], "next_after": page[1], "total_count": len(rows), **counts})

    async def submit(self, request: Request) -> Response:
        body = await request.json()
        if "lora" in body["config"] and "rank" in body["config"]["lora"]:
            errors = [{"field": "lora.rank", "reason": "unknown key; did you mean 'r'?"}]
            return problem(422, "invalid_training_config", "The training config is not valid.", errors=errors)
        if self.state.busy:
            self.state.busy -= 1
            full = problem(429, "queue_full", "The queue has 10 active jobs, which is the limit.")
            full.headers["Retry-After"] = "1"
            return full
        self.state.submitted.append(body)
        job_id = self.state.keys.setdefault(request.headers["idempotency-key"], f"job_{len(self.state.submitted)}")
        self.state.jobs[job_id] = job(job_id)
        self.state.updates.setdefault(job_id, run_of(job_id, 3))
        return JSONResponse(
            {"success": True, "job_id": job_id, "status": "pending", "message": "Job accepted.", "data": job(job_id)}
        )

    async def job(self, request: Request) -> Response:
        return self._one(request, self.state.jobs, "job_not_found")

    async def cancel(self, request: Request) -> Response:
        row = self.state.jobs[request.path_params["id"]]
        if row["status"] in ("completed", "failed", "cancelled"):
            return problem(400, "job_already_finished", f"Job {row['job_id']} is already {row['status']}.")
        row["status"] = "cancelled"
        return JSONResponse({"success": True, "message": "Job is cancelled.", "cancelled_by": "a@b.de"})

    async def retry(self, request: Request) -> Response:
        row = job(f"{request.path_params['id']}_again")
        return JSONResponse({"success": True, "job_id": row["job_id"], "status": "pending", "message": "", "data": row})

    async def resume(self, request: Request) -> Response:
        row = self.state.jobs[request.path_params["id"]]
        if not row.get("is_paused"):
            return await self.retry(request)
        row["is_paused"] = False
        return JSONResponse({"success": True, "job_id": row["job_id"], "status": "queued", "message": "", "data": row})

    async def pause(self, request: Request) -> Response:
        row = self.state.jobs[request.path_params["id"]]
        if row["status"] in ("completed", "failed", "cancelled"):
            return problem(400, "job_already_finished", f"Job {row['job_id']} is already {row['status']}.")
        row["is_paused"] = True
        message = f"Job {row['job_id']} is paused."
        return JSONResponse({"success": True, "message": message, "paused_by": "a@b.de", "status": row["status"]})

    async def attempts(self, request: Request) -> Response:
        job_id = request.path_params["id"]
        if job_id not in self.state.jobs:
            return self._one(request, self.state.jobs, "job_not_found")
        return JSONResponse({"job_id": job_id, "attempts": self.state.attempts.get(job_id, [])})

    async def events(self, request: Request) -> Response:
        after, limit = (
            int(request.query_params.get(name, default)) for name, default in (("after", 0), ("limit", 500))
        )
        rows = [u for u in self.state.updates.get(request.path_params["id"], []) if u["seq"] > after][:limit]
        events = [{"seq": u["seq"], "type": "step", "payload": u, "created_at": NOW} for u in rows]
        return JSONResponse({"job_id": request.path_params["id"], "events": events, "next_after": after + len(rows)})

    async def logs(self, request: Request) -> Response:
        lines = ["first line", "second line"][-int(request.query_params["lines"]) :]
        return JSONResponse({"job_id": request.path_params["id"], "lines": lines, "is_truncated": False})

    async def report(self, request: Request) -> Response:
        return self._one(request, self.state.reports, "job_not_found")

    async def report_page(self, _: Request) -> Response:
        return Response(b"<!doctype html>", media_type="text/html")

    async def loss_curve(self, _: Request) -> Response:
        return Response(b"\x89PNG", media_type="image/png")

    async def list_adapters(self, request: Request) -> Response:
        rows = list(reversed(self.state.adapters.values()))
        page = _page(rows, "adapter_id", request)
        return JSONResponse({"adapters": page[0], "next_after": page[1], "total_count": len(rows)})

    async def adapter(self, request: Request) -> Response:
        return self._one(request, self.state.adapters, "adapter_not_found")

    async def verify(self, request: Request) -> Response:
        adapter_id = request.path_params["id"]
        if adapter_id not in self.state.adapters:
            return self._one(request, self.state.adapters, "adapter_not_found")
        reason = self.state.damaged.get(adapter_id)
        sizes = {"files": 0, "size_bytes": 0} if reason else {"files": 9, "size_bytes": 2048}
        return JSONResponse({"adapter_id": adapter_id, "is_valid": reason is None, "reason": reason, **sizes})

    async def promote(self, request: Request) -> Response:
        adapter_id = request.path_params["id"]
        if adapter_id not in self.state.adapters:
            return self._one(request, self.state.adapters, "adapter_not_found")
        override = (await request.json())["override"]
        if adapter_id in self.state.objections and not override:
            return problem(409, "comparison_objects", f"Adapter {adapter_id} was not promoted: it was rejected.")
        row = {"adapter_id": adapter_id, "base_model": "starter", "number": len(self.state.promotions) + 1}
        replaced = self.state.promotions[-1]["adapter_id"] if self.state.promotions else None
        is_override = adapter_id in self.state.objections
        self.state.promotions.append({**row, "replaced": replaced, "is_override": is_override, "promoted_at": NOW})
        return JSONResponse(self.state.promotions[-1])

    async def active(self, _: Request) -> Response:
        return JSONResponse({"promotions": self.state.promotions[-1:]})

    async def give_feedback(self, request: Request) -> Response:
        """As the service: refuses a batch with a wrong field, rejects answers without words, stores no text twice."""
        items = (await request.json())["items"]
        self.state.batches.append(len(items))
        for index, item in enumerate(items):
            if item.get("rating", 1) > 5:
                error = {"field": f"items.{index}.rating", "reason": "must be at most 5"}
                return problem(422, "invalid_request", "The request is not valid.", errors=[error])
        outcomes = [self._given(item) for item in items]
        rejected = sum(outcome["reason"] is not None and not outcome["is_duplicate"] for outcome in outcomes)
        duplicates = sum(outcome["is_duplicate"] for outcome in outcomes)
        counts = {"rejected": rejected, "duplicates": duplicates, "accepted": len(items) - rejected - duplicates}
        return JSONResponse({"success": True, "message": "", "items": outcomes, **counts})

    def _given(self, item: Row) -> Row:
        key = item["prompt"], item["answer"], item.get("correction")
        is_duplicate = key in self.state.feedback
        reason = None if any(map(str.isalnum, item["answer"])) else "answer_no_words"
        row = {
            "feedback_id": f"fb_{len(self.state.feedback) + 1}",
            "score": (item["rating"] - 3) / 2 if "rating" in item else item.get("score", 0.0),
            "state": "rejected" if reason else "accepted",
            "reason": reason,
            "created_at": NOW,
            "created_by": "a@b.de",
            **{name: value for name, value in item.items() if name != "rating"},
        }
        stored = self.state.feedback.setdefault(key, row)
        names = ("feedback_id", "state", "reason")
        return {**{name: stored[name] for name in names}, "is_duplicate": is_duplicate, "seq": 1}

    async def list_feedback(self, request: Request) -> Response:
        self.state.asked.append(dict(request.query_params))
        wanted = request.query_params.get("state")
        rows = [row for row in reversed(self.state.feedback.values()) if wanted in (None, row["state"])]
        page = _page(rows, "feedback_id", request)
        return JSONResponse({"items": page[0], "next_after": page[1], "total_count": len(rows)})

    async def one_feedback(self, request: Request) -> Response:
        by_id = {row["feedback_id"]: row for row in self.state.feedback.values()}
        return self._one(request, by_id, "feedback_not_found")

    async def list_reviews(self, request: Request) -> Response:
        state, reason = (request.query_params.get(name) for name in ("state", "reason"))
        rows = [row for row in self.state.reviews.values() if row["state"] == state]
        rows = [row for row in rows if reason in (None, row["reasons"][0])]
        page = _page(rows, "text_key", request)
        return JSONResponse({"reviews": page[0], "next_after": page[1], "total_count": len(rows)})

    async def one_review(self, request: Request) -> Response:
        return self._one(request, self.state.reviews, "review_not_found")

    async def rule(self, request: Request) -> Response:
        if request.path_params["id"] not in self.state.reviews:
            return await self.one_review(request)
        return self._ruled(self.state.reviews[request.path_params["id"]], await request.json())

    async def rule_on_section(self, request: Request) -> Response:
        body = await request.json()
        row = review(f"of {body['section_id']}", section_id=body["section_id"])
        return self._ruled(self.state.reviews.setdefault(row["text_key"], row), body)

    def _ruled(self, row: Row, body: Row) -> Response:
        row |= {"state": body["state"], "note": body["note"], "decided_by": "a@b.de", "decided_at": NOW}
        return JSONResponse({"success": True, "message": "", "data": row})

    async def feed(self, socket: WebSocket) -> None:
        if self.state.token is not None and socket.headers.get("authorization") != f"Bearer {self.state.token}":
            await socket.send_denial_response(problem(401, "unauthenticated", "A valid access token is required."))
            return
        await socket.accept()
        updates = self.state.updates.get(socket.query_params["job_id"], [])
        try:
            if self.state.overtaking is not None:
                await socket.send_json(updates[self.state.overtaking - 1])
            after = json.loads(await socket.receive_text())["resume_from"]
            self.state.resumed_from.append(after)
            left = self.state.cuts.pop(0) if self.state.cuts else len(updates)
            # as a real feed does after a reconnect, the last known update comes once more
            for update in [u for u in updates if u["seq"] >= max(1, after)][:left]:
                await socket.send_json(update)
            if left < len(updates):
                await socket.close(self.state.cut_code)
                return
            await socket.receive_text()
        except WebSocketDisconnect:
            return

    async def upload(self, request: Request) -> Response:
        if int(request.headers["content-length"]) > self.state.max_request_bytes:
            return problem(413, "body_too_large", "The request is larger than this service takes.")
        async with request.form(max_files=1000) as form:
            source = str(form["source"])
            files = [(str(f.filename), await f.read()) for f in form.getlist("files") if not isinstance(f, str)]
        self.state.uploads.append([name for name, _ in files])
        counts = {"ingested": 0, "unchanged": 0, "new_versions": 0, "sections": 0}
        failed = []
        for name, content in files:
            if name in self.state.unreadable:
                failed.append({"path": name, "reason": "it is not a PDF"})
                continue
            counts[self._put(source, name, content)] += 1
        if failed and not any(counts.values()):
            return problem(422, "nothing_taken_in", "None of the uploaded files could be taken in.", failed=failed)
        counts["sections"] = counts["ingested"] + counts["new_versions"]
        return JSONResponse({"success": not failed, "message": "", "data": counts | {"failed": failed}})

    async def list_documents(self, request: Request) -> Response:
        source = request.query_params.get("source")
        rows = [row for row in self.state.documents.values() if source in (None, row["source"])]
        page = _page(rows, "document_id", request)
        return JSONResponse({"documents": page[0], "next_after": page[1], "total_count": len(rows)})

    async def document(self, request: Request) -> Response:
        by_id = {row["document_id"]: row for row in self.state.documents.values()}
        return self._one(request, by_id, "document_not_found")

    async def search(self, request: Request) -> Response:
        asked = await request.json()
        self.state.searches.append(asked)
        start = int(asked.get("after") or 0)
        page = self.state.found[start : start + asked["limit"]]
        end = start + len(page)
        more = str(end) if end < len(self.state.found) else None
        return JSONResponse(
            {"results": page, "next_after": more, "total_count": end, "hidden_count": 0, "degraded": []}
        )

    async def list_datasets(self, request: Request) -> Response:
        status = request.query_params.get("status")
        rows = [row for row in reversed(self.state.datasets.values()) if status in (None, row["status"])]
        page = _page(rows, "dataset_id", request)
        return JSONResponse({"datasets": page[0], "next_after": page[1], "total_count": len(rows)})

    async def create(self, request: Request) -> Response:
        body = await request.json()
        self.state.submitted.append(body)
        row = dataset("ds_new", name=body["name"], status="pending")
        self.state.datasets["ds_new"] = row
        return JSONResponse({"success": True, "dataset_id": "ds_new", "status": "pending", "message": "", "data": row})

    async def whoami(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return JSONResponse({"subject": f"key:{token[-4:]}", "email": "nightly (key)", "roles": ["analyst"]})

    async def records(self, request: Request) -> Response:
        rows = self.state.records
        page = _page(rows, "record_id", request)
        fields = {"records": page[0], "next_after": page[1], "total_count": len(rows)}
        return JSONResponse({"dataset_id": request.path_params["id"], **fields})

    async def stream(self, request: Request) -> Response:
        self.state.submitted.append(await request.json())
        lines = "".join(f"{json.dumps(row)}\n" for row in self.state.records)
        end = {"status": "complete", "records": len(self.state.records)}
        end["sha256"] = hashlib.sha256(lines.encode()).hexdigest()
        return Response(lines + ("" if self.state.is_stream_cut else json.dumps({"end": end}) + "\n"))

    async def dataset(self, request: Request) -> Response:
        row = self.state.datasets.get(request.path_params["id"])
        if row is not None and row["status"] == "pending":
            self.state.builds_left -= 1
            if self.state.builds_left <= 0:
                row |= {"status": "failed" if self.state.build_error else "completed"}
                row |= {"error_message": self.state.build_error}
                row |= {"metadata": {"statistics": self.state.build_statistics}}
        return self._one(request, self.state.datasets, "dataset_not_found")

    async def delete(self, request: Request) -> Response:
        if request.path_params["id"] not in self.state.datasets:
            return self._one(request, self.state.datasets, "dataset_not_found")
        del self.state.datasets[request.path_params["id"]]
        return JSONResponse({"success": True, "message": "Dataset is deleted."})

    async def export(self, request: Request) -> Response:
        row = self.state.datasets[request.path_params["id"]]
        if row["status"] != "completed":
            return problem(400, "dataset_not_completed", "The dataset is still being built.")
        name = (await request.json())["format"]
        return JSONResponse({"success": True, "message": "", "export_path": f"/exports/{name}", "download_url": "/x"})

    async def publish(self, request: Request) -> Response:
        order = await request.json()
        self.state.submitted.append(order)
        if not order["destination"].startswith("s3://clara/"):
            return problem(422, "target_not_allowed", "Nothing is published there; allowed are s3://clara and below.")
        url = f"{order['destination']}/{request.path_params['id']}/{order['format']}"
        done = {"destination_url": url, "manifest_sha256": "0" * 64, "files": 4, "size_bytes": 2048}
        return JSONResponse({"success": True, "message": "", **done})

    async def download(self, request: Request) -> Response:
        content = b'{"text": "\xc2\xa7 1"}\n' * 1000
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        name = f"{request.path_params['id']}.{request.path_params['format']}"
        headers = {
            "Repr-Digest": f"sha-256=:{digest}:",
            "Content-Disposition": f'attachment; filename="../{name}"',
        }
        return Response(content + self.state.damage, headers=headers)

    def _put(self, source: str, name: str, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        known = self.state.documents.get((source, name))
        if known is not None and known["sha256"] == sha256:
            return "unchanged"
        self.state.documents[(source, name)] = {
            "document_id": f"doc_{len(self.state.documents)}",
            "source": source,
            "path": name,
            "title": name,
            "sha256": sha256,
            "version": known["version"] + 1 if known else 1,
        }
        return "new_versions" if known else "ingested"

    def _refused(self, request: Request) -> Response | None:
        if self.state.token is None or request.headers.get("authorization") == f"Bearer {self.state.token}":
            return None
        return problem(401, "unauthenticated", "A valid access token is required.")

    @staticmethod
    def _one(request: Request, rows: Mapping[str, Row], code: str) -> Response:
        asked = request.path_params["id"]
        return JSONResponse(rows[asked]) if asked in rows else problem(404, code, f"Nothing has the id '{asked}'.")


def _page(rows: list[Row], key: str, request: Request) -> tuple[list[Row], str | None]:
    limit, after = int(request.query_params.get("limit", 50)), request.query_params.get("after")
    keys = [row[key] for row in rows]
    start = keys.index(after) + 1 if after else 0
    page = rows[start : start + limit]
    return page, page[-1][key] if start + limit < len(rows) else None
