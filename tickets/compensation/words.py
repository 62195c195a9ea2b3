"""What is told about a compensation: one sentence for a CSO's screen. Pure."""

from __future__ import annotations

from tickets.compensation.rules import Assessment, Missing
from tickets.outages import phrases

LACKS = {
    Missing.REGULATION: "belum ada aturan yang berlaku untuk bulan itu",
    Missing.DECLARED_HOURS: "TMP lama gangguan unit ini belum diisi",
    Missing.DECLARED_TIMES: "TMP jumlah gangguan unit ini belum diisi",
    Missing.TARIFF_ADJUSTED: "belum diketahui apakah golongan tarifnya dikenakan penyesuaian",
    Missing.MINIMUM_BILL: "rekening minimum pelanggan belum diketahui",
}


def rupiah(amount: int) -> str:
    """`Rp 45.192`."""
    return f"Rp {amount:,}".replace(",", ".")


def told(found: Assessment) -> str:
    """One sentence after the other: how long it was dark, what is owed and by which regulation, what is missing."""
    month = f"{phrases.MONTHS[found.month.number - 1]} {found.month.year}"
    if not found.dark.time and not found.exempt:
        return f"{month}: tidak ada padam yang tercatat."
    said = [f"{month}: padam {phrases.duration(found.dark.time)}, {found.dark.times} kali."]
    if found.exempt:
        said.append(f"{phrases.duration(found.exempt)} lagi tidak diperhitungkan (dikecualikan).")
    said.append(_owed(found))
    if found.percent and found.amount is None:
        said.append(f"Rupiahnya belum dapat dihitung: {LACKS[Missing.MINIMUM_BILL]}.")
    if found.percent != 0 and found.regulation and found.regulation.provisional:
        said.append(f"Sementara: {found.regulation.provisional}")
    if not found.final:
        said.append("Bulan ini belum selesai atau listrik masih padam.")
    return " ".join(said)


def _owed(found: Assessment) -> str:
    if found.percent is None:
        return f"Kompensasi belum dapat dipastikan: {'; '.join(LACKS[one] for one in found.missing)}."
    if not found.percent:
        return "Tidak ada kompensasi."
    name = found.regulation.name if found.regulation else ""
    amount = f" ({rupiah(found.amount)})" if found.amount else ""
    return f"Kompensasi {found.percent} % rekening minimum{amount} menurut {name}, pada tagihan atau token berikutnya."
