"""The web door of the daemon: signed links of mails, and how it is doing for those who watch it."""
