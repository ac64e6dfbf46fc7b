"""A fake Discord.

Sign-in by a button per configured user, no passwords. Never for anything but rehearsals.
"""
