#!/usr/bin/python3
from grafana_standin.main import main

main()
