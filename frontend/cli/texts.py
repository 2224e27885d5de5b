"""Every sentence that the command line says, in English and German: `text("job.cancelled", job_id=…)`.

German is chosen by `CLARA_LANG=de`, else by the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`). The help of a command is the
docstring of its function.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple


class Text(NamedTuple):
    """One sentence in both languages; `{name}` is filled in."""

    en: str
    de: str


TEXTS: Mapping[str, Text] = {
    # errors
    "error": Text("Error", "Fehler"),
    "error.asked": Text("asked", "Anfrage"),
    "error.to_do": Text("to do", "Abhilfe"),
    "error.token": Text(
        "Log in with `clara login`, or pass a token with --token or CLARA_TOKEN; it needs one of the roles that the "
        "message names.",
        "Anmelden mit `clara login`, oder ein Token mit --token oder CLARA_TOKEN mitgeben; es braucht eine der "
        "genannten Rollen.",
    ),
    "error.busy": Text(
        "Try again in {seconds} s, or let clara wait: --wait-for-room SECONDS.",
        "In {seconds} s erneut versuchen oder warten lassen: --wait-for-room SEKUNDEN.",
    ),
    "error.verbose": Text(
        "Run again with --verbose for the trace.", "Mit --verbose erscheint der Ablauf im Einzelnen."
    ),
    "error.unexpected": Text(
        "Something went wrong that CLARA did not foresee: {reason}. Please report it with the trace (--verbose).",
        "Ein unvorhergesehener Fehler: {reason}. Bitte mit dem Ablauf (--verbose) melden.",
    ),
    # times and sizes
    "time.now": Text("just now", "gerade eben"),
    "time.seconds_ago": Text("{n} s ago", "vor {n} s"),
    "time.minutes_ago": Text("{n} min ago", "vor {n} min"),
    "time.hours_ago": Text("{n} h ago", "vor {n} h"),
    "time.days_ago": Text("{n} d ago", "vor {n} Tagen"),
    # lists
    "list.empty": Text("Nothing here yet. {hint}", "Noch nichts vorhanden. {hint}"),
    "list.more": Text(
        "{shown} of {total} shown; --limit {total} shows all.",
        "{shown} von {total} gezeigt; --limit {total} zeigt alle.",
    ),
    # ingest, documents
    "ingest.progress": Text("Ingesting", "Einlesen"),
    "ingest.failures": Text("{n} failed", "{n} fehlerhaft"),
    "ingest.done": Text(
        "{ingested} new, {new_versions} changed, {unchanged} unchanged, {failed} failed · {sections} sections · {time}",
        "{ingested} neu, {new_versions} geändert, {unchanged} unverändert, {failed} fehlerhaft · "
        "{sections} Abschnitte · {time}",
    ),
    "ingest.failed_title": Text("Not ingested", "Nicht eingelesen"),
    "ingest.next": Text(
        'Next: clara datasets create NAME --query "…"', 'Weiter: clara datasets create NAME --query "…"'
    ),
    "documents.none": Text("Add some with `clara ingest PATH`.", "Mit `clara ingest PFAD` einlesen."),
    # search
    "search.nothing": Text("Nothing was found.", "Nichts gefunden."),
    "search.degraded": Text(
        "The answer is incomplete, for want of: {stores}", "Die Antwort ist unvollständig, es fehlt: {stores}"
    ),
    "search.hidden": Text(
        "{n} sections of this page lie below --min-quality.", "{n} Abschnitte dieser Seite liegen unter --min-quality."
    ),
    "search.more": Text(
        "There is more: the same again with --after {after}", "Es gibt mehr: dasselbe noch einmal mit --after {after}"
    ),
    "evaluation.failed": Text("The search was not evaluated: {reason}", "Die Suche wurde nicht bewertet: {reason}"),
    "evaluation.skipped": Text("Left out: {reason}", "Ausgelassen: {reason}"),
    "evaluation.set": Text(
        "{name}: {queries} queries among {sections} sections, indexed in {time}",
        "{name}: {queries} Anfragen in {sections} Abschnitten, Index in {time}",
    ),
    "evaluation.compared": Text("{name}: this run and {other}", "{name}: dieser Lauf und {other}"),
    "evaluation.done": Text(
        "In brackets: 95 % interval of a paired bootstrap; *: p < 0.05. {time}",
        "In Klammern: 95-%-Intervall eines gepaarten Bootstraps; *: p < 0,05. {time}",
    ),
    "evaluation.written": Text("Written to {path}; picture: {picture}", "Geschrieben nach {path}; Bild: {picture}"),
    # datasets
    "dataset.no_statistics": Text(
        "There are no statistics before the dataset is built.", "Vor dem Ende des Aufbaus gibt es keine Statistik."
    ),
    "dataset.pictures_saved": Text("{n} pictures saved: {path}", "{n} Bilder gespeichert: {path}"),
    "stats.records": Text("records", "Datensätze"),
    "stats.documents": Text("documents", "Dokumente"),
    "stats.tokens": Text("tokens", "Token"),
    "stats.quality": Text("quality", "Qualität"),
    "stats.sections": Text("sections kept / found", "Abschnitte behalten / gefunden"),
    "stats.clusters": Text("clusters of repetitions", "Gruppen von Wiederholungen"),
    "stats.languages": Text("languages", "Sprachen"),
    "stats.sources": Text("sources", "Quellen"),
    "stats.leak": Text("split leak (documents / texts / near)", "Überschneidung (Dokumente / Texte / fast gleiche)"),
    "stats.split": Text("split", "Teil"),
    "stats.reason": Text("reason", "Grund"),
    "stats.left_out": Text("sections left out", "weggelassene Abschnitte"),
    "stats.nothing": Text("Nothing was left out.", "Nichts wurde weggelassen."),
    "datasets.none": Text(
        'Make one with `clara datasets create NAME --query "…"`.',
        'Mit `clara datasets create NAME --query "…"` anlegen.',
    ),
    "dataset.accepted": Text("Dataset {dataset_id} is being built.", "Datensatz {dataset_id} wird aufgebaut."),
    "dataset.building": Text("Building", "Aufbau"),
    "dataset.completed": Text(
        "Dataset {dataset_id} is ready: {records} records of {documents} documents, {tokens} tokens, quality {quality}",
        "Datensatz {dataset_id} ist fertig: {records} Sätze, {documents} Dokumente, {tokens} Token, Qualität {quality}",
    ),
    "dataset.contaminated": Text(
        "{sections} sections were left out since they give away texts of evaluation sets (guides/datasets.md).",
        "{sections} Abschnitte fehlen, weil sie Texte aus Testsammlungen vorwegnehmen (guides/datasets.md).",
    ),
    "dataset.failed": Text("Dataset {dataset_id} failed: {reason}", "Datensatz {dataset_id} ist gescheitert: {reason}"),
    "dataset.next": Text(
        "Next: clara train --dataset {dataset_id} --watch", "Weiter: clara train --dataset {dataset_id} --watch"
    ),
    "dataset.order_unusable": Text(
        "{path} holds no members of an order: {reason}. Write a JSON object as in POST /api/datasets.",
        "{path} enthält keine Angaben zu einem Auftrag: {reason}. Nötig ist ein JSON-Objekt wie in POST /api/datasets.",
    ),
    "dataset.no_records": Text("The dataset has no record.", "Der Datensatz enthält keinen Satz."),
    "dataset.streamed": Text(
        "{n} records came, complete and checked.", "{n} Sätze sind angekommen, vollständig und geprüft."
    ),
    "dataset.exported": Text("Exported to {path} on the server.", "Auf dem Server exportiert nach {path}."),
    "dataset.publishing": Text("Publishing", "Veröffentlichen"),
    "dataset.published": Text(
        "Published to {url} ({files} files, {size}), every digest checked there.",
        "Veröffentlicht unter {url} ({files} Dateien, {size}), jede Prüfsumme dort geprüft.",
    ),
    "dataset.deleted": Text("Dataset {dataset_id} is deleted.", "Datensatz {dataset_id} ist gelöscht."),
    "dataset.delete_ask": Text("Delete dataset {dataset_id} and its exports?", "Datensatz {dataset_id} löschen?"),
    "dataset.delete_refused": Text(
        "Deleting needs a yes; without a terminal pass --yes.",
        "Löschen braucht eine Bestätigung; ohne Terminal --yes angeben.",
    ),
    "dataset.cancelled": Text(
        "The build of dataset {dataset_id} is cancelled.", "Der Aufbau von Datensatz {dataset_id} ist abgebrochen."
    ),
    "dataset.withdrawn": Text("Dataset {dataset_id} is withdrawn.", "Datensatz {dataset_id} ist zurückgezogen."),
    "dataset.withdraw_ask": Text(
        "Withdraw dataset {dataset_id}? It cannot be undone.",
        "Datensatz {dataset_id} zurückziehen? Das lässt sich nicht rückgängig machen.",
    ),
    "dataset.withdraw_refused": Text(
        "Withdrawing needs a yes; without a terminal pass --yes.",
        "Zurückziehen braucht eine Bestätigung; ohne Terminal --yes angeben.",
    ),
    "dataset.withdrawn_remark": Text("withdrawn: {reason}", "zurückgezogen: {reason}"),
    "dataset.erased_remark": Text("{n} erased documents", "{n} gelöschte Dokumente"),
    "dataset.none_erased": Text(
        "No version holds records of an erased document.", "Keine Version enthält Sätze eines gelöschten Dokuments."
    ),
    "dataset.diff": Text(
        "Version {version} ({dataset_id}) against version {against_version} ({against})",
        "Version {version} ({dataset_id}) gegenüber Version {against_version} ({against})",
    ),
    "download.progress": Text("Downloading", "Herunterladen"),
    "download.verified": Text("SHA-256 verified", "SHA-256 geprüft"),
    "download.unverified": Text("no digest announced", "ohne angekündigte Prüfsumme"),
    # erasing
    "erase.nothing": Text(
        "Name at least one document; `clara documents list` shows their ids.",
        "Mindestens ein Dokument nennen; `clara documents list` zeigt die Kennungen.",
    ),
    "erase.no_reason": Text(
        "Erasing needs a reason for the audit log: --reason TEXT; --dry-run only looks.",
        "Löschen braucht einen Grund für das Protokoll: --reason TEXT; --dry-run schaut nur nach.",
    ),
    "erase.refused": Text(
        "Erasing needs a yes; without a terminal pass --yes.",
        "Löschen braucht eine Bestätigung; ohne Terminal --yes angeben.",
    ),
    "erase.ask": Text(
        "Erase {n} documents for good? They are never taken in again.",
        "{n} Dokumente endgültig löschen? Sie werden nie wieder aufgenommen.",
    ),
    "erase.dry_run": Text("Nothing was erased.", "Es wurde nichts gelöscht."),
    "erase.done": Text("{n} documents are erased.", "{n} Dokumente sind gelöscht."),
    "erase.left_datasets": Text(
        "The versions named are withdrawn and keep their records and exports, for administrators alone, until they are "
        "deleted: clara datasets delete ID.",
        "Die genannten Versionen sind zurückgezogen; ihre Sätze und Exporte bleiben, nur für die Rolle admin, bis sie "
        "gelöscht werden: clara datasets delete ID.",
    ),
    "erase.left_adapters": Text(
        "A model does not forget: train the adapters named anew without the document, and stop using them.",
        "Ein Modell vergisst nicht: die genannten Adapter ohne das Dokument neu trainieren und nicht weiter verwenden.",
    ),
    "erase.jobs": Text(
        "These jobs read it still; cancel them with `clara jobs cancel`: {jobs}",
        "Diese Aufträge lesen es noch; abbrechen mit `clara jobs cancel`: {jobs}",
    ),
    "erase.pending": Text(
        "These search stores take the erasure over as soon as they can; no search shows the documents meanwhile: "
        "{stores}",
        "Diese Suchspeicher übernehmen die Löschung, sobald sie können; keine Suche zeigt die Dokumente inzwischen: "
        "{stores}",
    ),
    "erase.erased": Text("(erased)", "(gelöscht)"),
    "erase.dataset": Text("dataset", "Datensatz"),
    "erase.adapter": Text("adapter", "Adapter"),
    "erase.withdrawn": Text("withdrawn", "zurückgezogen"),
    "erase.active": Text("active", "aktiv"),
    # jobs
    "jobs.none": Text("Order one with `clara train`.", "Mit `clara train` anlegen."),
    "jobs.counts": Text(
        "{active} active · {completed} completed · {failed} failed · {total} in all",
        "{active} aktiv · {completed} fertig · {failed} gescheitert · {total} insgesamt",
    ),
    "job.accepted": Text("Job {job_id} is accepted.", "Auftrag {job_id} ist angenommen."),
    "job.follow": Text("Follow it: clara jobs watch {job_id}", "Verfolgen: clara jobs watch {job_id}"),
    "job.goes_on": Text(
        "The job goes on without you. Follow it: clara jobs watch {job_id}; stop it: clara jobs cancel {job_id}",
        "Der Auftrag läuft weiter. Verfolgen: clara jobs watch {job_id}; abbrechen: clara jobs cancel {job_id}",
    ),
    "job.completed": Text("Job {job_id} is completed.", "Auftrag {job_id} ist fertig."),
    "job.failed": Text("Job {job_id} failed: {reason}", "Auftrag {job_id} ist gescheitert: {reason}"),
    "job.failed_how": Text(
        "How each attempt ended: clara jobs attempts {job_id}", "Wie jeder Versuch endete: clara jobs attempts {job_id}"
    ),
    "job.paused": Text(
        "Job {job_id} is paused. Let it go on: clara jobs resume {job_id}",
        "Auftrag {job_id} ist angehalten. Fortsetzen: clara jobs resume {job_id}",
    ),
    "job.retry_next": Text(
        "Try again: clara jobs resume {job_id} (from its last checkpoint) or clara jobs retry {job_id}",
        "Erneut versuchen: clara jobs resume {job_id} (ab dem letzten Sicherungspunkt) oder clara jobs retry {job_id}",
    ),
    "job.cancelled": Text("Job {job_id} is cancelled.", "Auftrag {job_id} ist abgebrochen."),
    "job.report_next": Text("See what it learned: clara jobs report {job_id}", "Ergebnis: clara jobs report {job_id}"),
    "job.no_logs": Text("The trainer has written nothing yet.", "Noch keine Ausgaben des Trainers."),
    "job.no_attempts": Text("No worker has taken the job yet.", "Noch hat kein Arbeiter den Auftrag übernommen."),
    "job.waits_for": Text("{n} jobs are before it", "{n} Aufträge davor"),
    "job.is_next": Text("it is next", "als Nächster an der Reihe"),
    "job.in_a_row": Text(
        "{count} in a row without progress; at {limit} the job fails",
        "{count} in Folge ohne Fortschritt; bei {limit} scheitert der Auftrag",
    ),
    "job.not_before": Text("not before {moment}", "nicht vor {moment}"),
    "job.unpaused": Text("goes on", "geht weiter"),
    "job.held": Text("paused", "angehalten"),
    "job.pausing": Text("letting go with a checkpoint", "gibt mit Sicherungspunkt ab"),
    "job.cancelling": Text("being cancelled", "wird abgebrochen"),
    "job.step": Text("step {done}/{total}", "Schritt {done}/{total}"),
    "outcome.completed": Text("completed", "fertig"),
    "outcome.cancelled": Text("cancelled", "abgebrochen"),
    "outcome.crash": Text("the trainer process ended without a word", "der Trainerprozess endete ohne ein Wort"),
    "outcome.out_of_memory": Text("the trainer ran out of memory", "dem Trainer ging der Speicher aus"),
    "outcome.stalled": Text("the trainer said nothing for too long", "der Trainer meldete sich zu lange nicht"),
    "outcome.lease_expired": Text("the worker fell silent", "der Arbeiter verstummte"),
    "outcome.temporary_error": Text("something outside the job failed", "etwas außerhalb des Auftrags fiel aus"),
    "outcome.error": Text("the training cannot work like this", "so kann das Training nicht gelingen"),
    "outcome.timeout": Text("the attempt took longer than allowed", "der Versuch dauerte länger als erlaubt"),
    "outcome.rejected": Text("found impossible before it began", "vor dem Beginn als unmöglich erkannt"),
    "outcome.handed_back": Text(
        "its service stopped; counts as no attempt", "sein Dienst wurde beendet; zählt nicht als Versuch"
    ),
    "outcome.paused": Text("paused", "angehalten"),
    "adapters.none": Text("Train one with `clara train`.", "Mit `clara train` trainieren."),
    "adapters.which": Text(
        "Name the adapters to verify, or pass --all; not both.",
        "Die zu prüfenden Adapter nennen oder --all angeben; nicht beides.",
    ),
    "adapters.verifying": Text("Verifying", "Prüfen"),
    "adapters.valid": Text("whole", "unversehrt"),
    "adapters.damaged": Text("damaged", "beschädigt"),
    "adapters.all_valid": Text(
        "Byte for byte what was published: {n} of {n}.", "Byte für Byte wie veröffentlicht: {n} von {n}."
    ),
    "adapters.some_damaged": Text(
        "{damaged} of {n} adapters are damaged. Do not serve them; train them again with clara jobs retry JOB_ID.",
        "{damaged} von {n} Adaptern sind beschädigt. Nicht ausliefern; mit clara jobs retry JOB_ID neu trainieren.",
    ),
    "adapters.none_active": Text(
        "Promote one with `clara adapters promote ID`.", "Mit `clara adapters promote ID` einsetzen."
    ),
    "adapters.promoted": Text(
        "Adapter {adapter_id} is the active one of {base_model}; before: {replaced}.",
        "Adapter {adapter_id} ist für {base_model} im Einsatz; zuvor: {replaced}.",
    ),
    "adapters.overridden": Text(
        "Its comparison spoke against it; the override is recorded.",
        "Der Vergleich sprach dagegen; das wurde festgehalten.",
    ),
    "adapters.nothing_before": Text("none", "keiner"),
    # feedback
    "feedback.none": Text(
        "Give some with `clara feedback add` or `clara feedback import FILE`.",
        "Mit `clara feedback add` oder `clara feedback import DATEI` geben.",
    ),
    "feedback.given": Text(
        "{accepted} accepted, {rejected} rejected, {duplicates} known already.",
        "{accepted} angenommen, {rejected} abgelehnt, {duplicates} schon bekannt.",
    ),
    "feedback.rejected": Text("{where}rejected: {reason}", "{where}abgelehnt: {reason}"),
    "feedback.line": Text("line {line}: ", "Zeile {line}: "),
    "feedback.importing": Text("Importing", "Einlesen"),
    "feedback.exported": Text("{n} records written to {path}.", "{n} Sätze nach {path} geschrieben."),
    "feedback.exists": Text(
        "{path} exists already; name another file.", "{path} gibt es schon; eine andere Datei nennen."
    ),
    "feedback.bad_line": Text(
        "{path}, line {line}: {reason}. {stored} items before it are stored; repeating the import stores none twice.",
        "{path}, Zeile {line}: {reason}. {stored} Einträge davor sind gespeichert; ein neuer Versuch speichert keinen "
        "doppelt.",
    ),
    "feedback.next": Text(
        "Learn from it: clara train --trainer continuous --watch",
        "Daraus lernen: clara train --trainer continuous --watch",
    ),
    "merge.done": Text(
        "The merged model lies in {path}: {parameters} parameters, {size}, {time}. It computes what base model and "
        "adapter do, to {difference} (the adapter makes {effect}).",
        "Das zusammengeführte Modell liegt in {path}: {parameters} Parameter, {size}, {time}. Es rechnet wie "
        "Grundmodell und Adapter, bis auf {difference} (der Adapter macht {effect} aus).",
    ),
    "merge.rounding": Text(
        "Rounding moved the weights by {rounding} of what the adapter moves them; --dtype float32 keeps all of it.",
        "Das Runden verschob die Gewichte um das {rounding}-Fache des Adapters; mit --dtype float32 bleibt alles.",
    ),
    "merge.next": Text(
        "Next: clara train --base-model {name}, or hand the folder to your engine.",
        "Weiter: clara train --base-model {name}, oder den Ordner der Ausgabe-Software geben.",
    ),
    "merge.failed": Text("Nothing was merged: {reason}", "Nichts wurde zusammengeführt: {reason}"),
    # report
    "report.verdict": Text("Compared with {adapter}: {verdict}", "Vergleich mit {adapter}: {verdict}"),
    "report.question": Text("question", "Frage"),
    "report.bound": Text("sure to {confidence}", "sicher zu {confidence}"),
    "report.held_out": Text("held-out new records gain", "ungesehene neue Sätze gewinnen"),
    "report.golden": Text("golden records lose", "Goldsätze verlieren"),
    "report.fit": Text("new answers fit their prompts", "neue Antworten passen zur Frage"),
    "report.more_than": Text("more than {value}", "mehr als {value}"),
    "report.at_most": Text("at most {value}", "höchstens {value}"),
    "report.needed": Text("needed", "nötig"),
    "report.passed": Text("passed", "bestanden"),
    "report.not_passed": Text("not passed", "nicht bestanden"),
    "report.perplexity": Text("Held-out perplexity", "Perplexität auf ungesehenem Text"),
    "report.base": Text("base model", "Grundmodell"),
    "report.adapter": Text("with adapter", "mit Adapter"),
    "report.ratio": Text(
        "The adapter's perplexity is {ratio} of its base model's.",
        "Das {ratio}-Fache der Perplexität des Grundmodells.",
    ),
    "report.prompt": Text("Prompt", "Eingabe"),
    "report.loss": Text("Training loss", "Trainingsverlust"),
    "report.saved": Text("Loss curve saved: {path}", "Verlustkurve gespeichert: {path}"),
    "report.page_saved": Text("Report saved: {path}", "Bericht gespeichert: {path}"),
    "report.not_opened": Text("There is no browser here that could be opened.", "Hier lässt sich kein Browser öffnen."),
    "report.reference": Text("as written", "Original"),
    # pre-flight
    "preflight.fine": Text("The job would be queued.", "Der Auftrag würde eingereiht."),
    "preflight.bad": Text("The job would fail: {n} problem(s).", "Der Auftrag würde scheitern: {n} Fehler."),
    "preflight.line": Text("Line", "Zeile"),
    "preflight.field": Text("Field", "Feld"),
    "preflight.reason": Text("What is wrong", "Was daran falsch ist"),
    "preflight.more": Text("… and {n} more.", "… und {n} weitere."),
    "preflight.records": Text("Records", "Datensätze"),
    "preflight.records_of": Text(
        "{train} to train on, {validation} held out ({shape})",
        "{train} zum Trainieren, {validation} zurückgehalten ({shape})",
    ),
    "preflight.tokens": Text("Tokens", "Token"),
    "preflight.tokens_of": Text(
        "{total}, {share} of them trained; half of the records have up to {p50}, 99 % up to {p99}, the longest has "
        "{longest}",
        "{total}, davon {share} trainiert; die Hälfte der Datensätze hat bis {p50}, 99 % bis {p99}, der längste "
        "{longest}",
    ),
    "preflight.truncated": Text("Cut", "Gekürzt"),
    "preflight.truncated_of": Text(
        "{n} records ({share}) are longer than {length} tokens; {lost} tokens are not seen",
        "{n} Datensätze ({share}) sind länger als {length} Token; {lost} Token bleiben ungesehen",
    ),
    "preflight.plan": Text("Run", "Lauf"),
    "preflight.plan_of": Text(
        "{steps} steps of {batch} records ({objective}), learning rate {rate}, {trained} of {base} parameters",
        "{steps} Schritte zu {batch} Datensätzen ({objective}), Lernrate {rate}, {trained} von {base} Parametern",
    ),
    "preflight.estimate": Text("Estimate", "Schätzung"),
    "preflight.estimate_of": Text("{memory} of memory, {time}", "{memory} Arbeitsspeicher, {time}"),
    "preflight.actual": Text("It took", "Gebraucht"),
    "preflight.actual_of": Text("{memory} of memory, {time}", "{memory} Arbeitsspeicher, {time}"),
    "preflight.unknown_time": Text("time unknown (GPU)", "Dauer unbekannt (GPU)"),
    "preflight.lengths": Text("Tokens per record", "Token je Datensatz"),
    "preflight.up_to": Text("up to {n}", "bis {n}"),
    "preflight.sample": Text(
        "Line {line} as the model sees it; what is trained is marked:",
        "Zeile {line}, wie das Modell sie sieht; Trainiertes ist markiert:",
    ),
    # serve
    "serve.starting": Text("Starting {name} …", "{name} startet …"),
    "serve.ready": Text("{name} is ready: {url}/docs", "{name} ist bereit: {url}/docs"),
    "serve.log": Text("log: {path}", "Protokoll: {path}"),
    "serve.stop_hint": Text("Ctrl-C stops.", "Strg-C beendet."),
    "serve.stopping": Text("Stopping …", "Wird beendet …"),
    "serve.stopped": Text("Stopped.", "Beendet."),
    "serve.port_in_use": Text(
        "Port {port} for the {name} service is in use on {host}{by}. Stop what listens there, or choose another port "
        "with {variable}.",
        "Port {port} für den Dienst {name} ist auf {host} belegt{by}. Das andere Programm beenden oder mit {variable} "
        "einen anderen Port wählen.",
    ),
    "serve.by_clara": Text(
        " by a CLARA {name} service that runs already", " von einem CLARA-Dienst {name}, der schon läuft"
    ),
    "serve.not_installed": Text(
        "The {name} service is not part of this installation yet. Installed are: {installed}.",
        "Der Dienst {name} ist in dieser Installation noch nicht enthalten. Enthalten sind: {installed}.",
    ),
    "serve.died": Text(
        "The {name} service ended by itself with exit code {code}. The end of its log ({path}):\n{tail}",
        "Der Dienst {name} hat sich mit Code {code} beendet. Das Ende seines Protokolls ({path}):\n{tail}",
    ),
    "serve.not_ready": Text(
        "The {name} service did not become ready within {seconds} s: {reason}. Its log: {path}",
        "Der Dienst {name} war nach {seconds} s nicht bereit: {reason}. Protokoll: {path}",
    ),
    # starter model
    "starter.done": Text(
        "The starter model lies in {path}: {parameters} parameters, {trained_tokens} tokens seen, loss {loss}, {time}.",
        "Das Startmodell liegt in {path}: {parameters} Parameter, {trained_tokens} Token, Verlust {loss}, {time}.",
    ),
    "starter.next": Text(
        "Next: clara train --base-model {name} --watch", "Weiter: clara train --base-model {name} --watch"
    ),
    "starter.failed": Text("The starter model was not made: {reason}", "Das Startmodell entstand nicht: {reason}"),
    # stores
    "stores.failed": Text("The search stores did not serve: {reason}", "Die Suchspeicher versagten: {reason}"),
    "stores.foreign": Text("not ours", "fremd"),
    "stores.documents": Text("{n} documents are registered.", "{n} Dokumente sind registriert."),
    "stores.difference": Text(
        "{store}: {document_id} is {kind} (registered: {expected}; held: {found})",
        "{store}: {document_id} ist {kind} (registriert: {expected}; gehalten: {found})",
    ),
    "stores.repair": Text("clara reconcile --repair puts them right.", "clara reconcile --repair behebt sie."),
    # templates
    "templates.built_in": Text("built in", "mitgeliefert"),
    "templates.own": Text("your own", "eigene"),
    "templates.one_source": Text(
        "Name either a section (--section ID) or a document (--document ID).",
        "Entweder einen Abschnitt (--section ID) oder ein Dokument (--document ID) nennen.",
    ),
    "templates.nothing": Text("No template applies to this text.", "Keine Vorlage passt auf diesen Text."),
    "templates.more": Text(
        "There are more records than these {n}; --limit shows more.",
        "Es gibt mehr als diese {n} Datensätze; --limit zeigt mehr.",
    ),
    "templates.tokens": Text("{n} tokens", "{n} Token"),
    "templates.not_applied": Text("Did not apply: {names}", "Nicht angewandt: {names}"),
    # quality
    "quality.failed": Text("Quality did not judge: {reason}", "Die Qualität wurde nicht beurteilt: {reason}"),
    "quality.preview_next": Text(
        "Nothing was changed. What `clara quality run` would put on the review list: {n}",
        "Nichts wurde geändert. Was `clara quality run` zur Durchsicht vorlegen würde: {n}",
    ),
    "quality.run_next": Text(
        "Sections that deserve a look: {n}. Work through them: clara quality review",
        "Abschnitte, die einen Blick verdienen: {n}. Durchsehen: clara quality review",
    ),
    "quality.rulings": Text(
        "{kept} kept and {rejected} rejected by people against the profile",
        "{kept} entgegen dem Profil behalten, {rejected} entgegen dem Profil verworfen",
    ),
    "quality.duplicates": Text(
        "{exact} sections equal others, {near} nearly", "{exact} Abschnitte gleichen anderen, {near} beinahe"
    ),
    "quality.overruled": Text("{decision} (profile: {profile})", "{decision} (Profil: {profile})"),
    "quality.not_yaml": Text(
        "--out {path}: the file of a profile ends in .yaml.", "--out {path}: Die Datei eines Profils endet auf .yaml."
    ),
    "quality.unchanged": Text("Every limit is as in {profile}.", "Alle Grenzen sind wie in {profile}."),
    "quality.calibrated": Text(
        "{path} has limits that follow from {n} different sections. What it does: clara quality preview --profile "
        "{path}; use it: CLARA_QUALITY_PROFILE={path}",
        "{path} enthält Grenzen aus {n} verschiedenen Abschnitten. Was es bewirkt: clara quality preview --profile "
        "{path}; einsetzen: CLARA_QUALITY_PROFILE={path}",
    ),
    "quality.learnt": Text(
        "Learnt from {n} words. What it changes: clara quality preview",
        "Aus {n} Wörtern gelernt. Was sich ändert: clara quality preview",
    ),
    "quality.explain_next": Text(
        "Every limit of a section: clara quality explain {document_id} --section N; to rule on one: clara quality "
        "review keep ID",
        "Alle Grenzen eines Abschnitts: clara quality explain {document_id} --section N; entscheiden: clara quality "
        "review keep ID",
    ),
    "quality.no_section": Text(
        "Document {document_id} has no section {section}; without --section all are listed.",
        "Dokument {document_id} hat keinen Abschnitt {section}; ohne --section erscheinen alle.",
    ),
    "quality.no_reviews": Text(
        "`clara quality run` puts on the list what is doubtful.", "`clara quality run` legt Zweifelhaftes vor."
    ),
    "quality.gone": Text("(no longer registered)", "(nicht mehr registriert)"),
    # keys, audit
    "keys.once": Text(
        "This is the only time that the token is shown. Give it to the script, e.g. as CLARA_TOKEN.",
        "Das Token erscheint nur dieses eine Mal. Dem Skript geben, etwa als CLARA_TOKEN.",
    ),
    "keys.expires": Text("It expires on {date}.", "Es läuft am {date} ab."),
    "keys.revoked": Text(
        "Every service refuses the key within 5 s.", "Alle Dienste weisen den Schlüssel binnen 5 s ab."
    ),
    "audit.more": Text("Older entries: --before {before}", "Ältere Einträge: --before {before}"),
    "audit.reading": Text("Reading the audit log", "Protokoll lesen"),
    "audit.intact": Text(
        "The audit log is intact: {rows} entries, {anchors} anchors.",
        "Das Protokoll ist unversehrt: {rows} Einträge, {anchors} Anker.",
    ),
    "audit.copy_reach": Text(
        "The copy proves the entries up to number {seq} (anchored {made_at}); {n} newer anchors are not in it.",
        "Die Kopie belegt die Einträge bis Nummer {seq} (verankert {made_at}); {n} neuere Anker fehlen ihr.",
    ),
    "audit.broken": Text(
        "The audit log was tampered with ({n} findings). Keep database, anchors and backups as they are.",
        "Das Protokoll wurde verändert ({n} Befunde). Datenbank, Anker und Sicherungen unverändert aufbewahren.",
    ),
    "audit.exported": Text("{n} entries written to {path}.", "{n} Einträge nach {path} geschrieben."),
    "audit.exists": Text(
        "{path} exists already; an export never overwrites.", "{path} gibt es schon; überschrieben wird nichts."
    ),
    "audit.not_written": Text("{path} cannot be written: {reason}.", "{path} kann nicht geschrieben werden: {reason}."),
    "audit.outcome": Text("--outcome takes ok or refused.", "--outcome erwartet ok oder refused."),
    # certificates
    "certs.ends": Text("{date} (in {days} d)", "{date} (in {days} Tagen)"),
    "certs.ending": Text(
        "Less than {days} days left: {names}. Make new ones in time.",
        "Weniger als {days} Tage gültig: {names}. Rechtzeitig neue ausstellen.",
    ),
    "certs.init_next": Text(
        "Keep {folder} readable for administrators alone. Next: clara admin certs server HOSTNAME",
        "{folder} nur für Verwaltende lesbar halten. Weiter: clara admin certs server HOSTNAME",
    ),
    "certs.revoked": Text(
        "Certificates of {name} revoked: {n}. Where {path} is a copy on other machines, bring the new one there.",
        "Gesperrte Zertifikate von {name}: {n}. Wo {path} als Kopie auf anderen Rechnern liegt, muss die neue dorthin.",
    ),
    "certs.bundle_password": Text("Password for the PKCS#12 file", "Passwort für die PKCS#12-Datei"),
    "password.again": Text("Once more", "Noch einmal"),
    "password.differ": Text("The two passwords differ.", "Die beiden Passwörter sind verschieden."),
    "password.short": Text("A password needs at least {n} characters.", "Ein Passwort braucht mindestens {n} Zeichen."),
    "password.nobody": Text(
        "A password is needed and nobody is there to type it; put it into {variable}.",
        "Ein Passwort ist nötig und niemand da, es einzugeben; es gehört in {variable}.",
    ),
    # login
    "login.open": Text(
        "Log in with a browser on this machine; without one: clara login --device. The address:",
        "Mit einem Browser auf diesem Rechner anmelden; ohne einen: clara login --device. Die Adresse:",
    ),
    "login.device": Text(
        "Open {url} on any device and type in the code {code}.",
        "{url} auf einem beliebigen Gerät öffnen und den Code {code} eingeben.",
    ),
    "login.device_whole": Text("Or open {url}", "Oder {url} öffnen."),
    "login.page": Text(
        "You are logged in. You may close this page.", "Anmeldung erfolgt. Diese Seite kann geschlossen werden."
    ),
    "login.done": Text("Logged in as {who} (roles: {roles}).", "Angemeldet als {who} (Rollen: {roles})."),
    "login.nobody": Text(
        "Nobody is logged in here, and there is no token.", "Hier ist niemand angemeldet, und es gibt kein Token."
    ),
    "logout.done": Text("Logged out.", "Abgemeldet."),
    "logout.nobody": Text("Nobody was logged in.", "Niemand war angemeldet."),
    "logout.only_here": Text(
        "The login is forgotten on this machine, but the provider was not told: {reason}",
        "Die Anmeldung ist auf diesem Rechner vergessen, aber der Anbieter erfuhr es nicht: {reason}",
    ),
    # doctor, config
    "doctor.ok": Text("ok", "ok"),
    "doctor.hint": Text("hint", "Hinweis"),
    "doctor.missing": Text("missing", "fehlt"),
    "doctor.all_fine": Text("Everything that CLARA needs is here.", "Alles Nötige ist vorhanden."),
    "doctor.missing_count": Text("{n} needed things are missing.", "{n} nötige Dinge fehlen."),
    "input.not_assignment": Text(
        "--set takes SECTION.KEY=VALUE, such as lora.r=16; found was '{found}'.",
        "--set erwartet ABSCHNITT.NAME=WERT, etwa lora.r=16; gefunden: '{found}'.",
    ),
    "input.not_section": Text(
        "--set {key}: '{part}' is a value in the config, not a section.",
        "--set {key}: '{part}' ist in der Konfiguration ein Wert, kein Abschnitt.",
    ),
    "input.config_unreadable": Text(
        "{path} is not a training config: {reason}", "{path} ist keine Trainingskonfiguration: {reason}"
    ),
}


def text(key: str, /, **values: object) -> str:
    """The sentence for `key` in the user's language."""
    return getattr(TEXTS[key], language()).format(**values)  # type: ignore[no-any-return]  # a field of Text is a str


@cache
def language() -> str:
    """`de` or `en`, decided once per process."""
    chosen = next(
        (os.environ[name] for name in ("CLARA_LANG", "LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return "de" if chosen.lower().startswith("de") else "en"
