"""DURABLE state: customers, areas, outages, reports, work orders, crews. Never places a call or sends a message."""
