"""Plots of networks that learn, for a lecture room: needs the extra `plots` (matplotlib).

Every function gives an ordinary matplotlib Figure of 1920×1080, which you may restyle and save, and takes

- `ax`: your own Axes to draw in, in place of a figure of its own;
- `language` "es" or "en"; `comma=True` for the decimal comma; `title`, another one, or "" for none;
- `theme`: "lecture", "print" or "dark", or a `micrograd_es.figures.Theme`.

Maps are orange below and blue above, as the Playground's are: a pair that colour-blind readers tell apart.
"""

try:
    import matplotlib as _  # noqa: F401
except ImportError:
    raise ImportError("micrograd_es.plots needs matplotlib. Write: pip install 'micrograd-es[plots]'") from None

from micrograd_es.plots.compared import compare_losses, decision_maps
from micrograd_es.plots.curves import output_layers, predictions
from micrograd_es.plots.formulas import formulas
from micrograd_es.plots.functions import activation, activations, losses_plot
from micrograd_es.plots.images import images
from micrograd_es.plots.learning import cost, deltas_by_layer, loss_curves
from micrograd_es.plots.maps import decision_map
from micrograd_es.plots.network import network
from micrograd_es.plots.neuron_maps import neuron_maps
from micrograd_es.plots.points import data, planes
from micrograd_es.plots.saving import save
from micrograd_es.plots.surface import loss_surface

__all__ = [
    "activation",
    "activations",
    "compare_losses",
    "cost",
    "data",
    "decision_map",
    "decision_maps",
    "deltas_by_layer",
    "formulas",
    "images",
    "loss_curves",
    "loss_surface",
    "losses_plot",
    "network",
    "neuron_maps",
    "output_layers",
    "planes",
    "predictions",
    "save",
]
