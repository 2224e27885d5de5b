"""Ended jobs told to another system: MLflow, once each, behind the back of whoever trains."""
