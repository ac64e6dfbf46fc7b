"""Stand-in for traPtitech/traefik-forward-auth 3.3.2: same configuration, same flow, same answers."""
