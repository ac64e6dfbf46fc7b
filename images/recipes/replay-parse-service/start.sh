#!/bin/bash
# As in the image stood in for: no exec, so that this shell stays process 1 and keeps TERM to itself.
cd src && python -m celery -A main worker --loglevel=DEBUG
