"""Serves Graphite's own render API over a directory: render.py DIR ADDRESS PORT.

DIR/points has a line for each point: the metric's name, seconds, value."""

import os
import pathlib
import sys
from wsgiref.simple_server import make_server

directory, address, port = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
settings = f"""
SECRET_KEY = "test"
STORAGE_DIR = WHISPER_DIR = LOG_DIR = CONF_DIR = {str(directory)!r}
INDEX_FILE = {str(directory / "index")!r}
DATABASES = {{"default": {{"NAME": {str(directory / "db")!r}, "ENGINE": "django.db.backends.sqlite3"}}}}
"""
(directory / "test_settings.py").write_text(settings)
sys.path.insert(0, str(directory))
os.environ["GRAPHITE_SETTINGS_MODULE"] = "test_settings"
os.environ["DJANGO_SETTINGS_MODULE"] = "graphite.settings"

import whisper  # noqa: E402

points = {}
for line in (directory / "points").read_text().splitlines():
    name, seconds, value = line.split()
    points.setdefault(name, []).append((int(seconds), float(value)))
for name, values in points.items():
    file = directory.joinpath(*name.split(".")).with_suffix(".wsp")
    file.parent.mkdir(parents=True, exist_ok=True)
    whisper.create(str(file), [(1, 3600)])
    whisper.update_many(str(file), values)

from graphite.wsgi import application  # noqa: E402

make_server(address, port, application).serve_forever()
