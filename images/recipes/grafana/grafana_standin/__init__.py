"""Stand-in for Grafana 13: settings, provisioning files, sign-in, and real checks of the data sources."""
