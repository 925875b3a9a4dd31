"""Training: `fit` lets a model learn from data, `History` says how it went, a `Predictor` is what was learnt."""

from micrograd_es.training.checkpoint import Checkpoint
from micrograd_es.training.fitting import Progress, TrainingError, fit
from micrograd_es.training.history import History
from micrograd_es.training.predictor import Predictor, Preparation

__all__ = ["Checkpoint", "History", "Predictor", "Preparation", "Progress", "TrainingError", "fit"]
