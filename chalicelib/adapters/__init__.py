"""The only I/O: tables, queue, archive, endpoint, mail, secrets, settings, telemetry."""
