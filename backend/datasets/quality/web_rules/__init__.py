"""The rules of English web corpora, with the verdicts of DataTrove's filters: profile `datatrove-compat`."""
