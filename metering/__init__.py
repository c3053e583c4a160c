"""Tariff, meter, ledger, wallet, receipt. Its core is pure. Knows no WebRTC and no HTTP."""
