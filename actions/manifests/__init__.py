"""One tool in the shape that each consumer wants: ``render`` makes it, ``base`` says what a shape is.

A shape is one module with one function, registered under a name; nothing else knows the vendors.
"""

from actions.manifests import anthropic, elevenlabs, livekit, mcp, openai, own, pipecat, retell, vapi
from actions.manifests.base import OWN, Called, Manifest, Misfit, Place, Shape, find, names, render, shapes

__all__ = [
    "OWN",
    "Called",
    "Manifest",
    "Misfit",
    "Place",
    "Shape",
    "anthropic",
    "elevenlabs",
    "find",
    "livekit",
    "mcp",
    "names",
    "openai",
    "own",
    "pipecat",
    "render",
    "retell",
    "shapes",
    "vapi",
]
