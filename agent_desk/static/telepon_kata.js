// What happens behind the scenes, in words.
export const STATES = {
  "call.arrived": "Mendengarkan menu",
  "call.queued": "Menunggu di antrean",
  "call.left_queue": "Mendengarkan menu",
  "call.offered": "Ditawarkan ke CSO",
  "call.ringing": "Telepon CSO berdering",
  "call.returned": "Menunggu di antrean",
  "call.answered": "Bicara",
  "call.handed_over": "Dialihkan ke mitra",
  "call.partner_answered": "Bicara dengan mitra",
  "call.handed_back": "Menunggu di antrean",
  "call.callback": "Menunggu ditelepon kembali",
  "call.scheduled": "Menunggu ditelepon kembali",
  "call.dialled": "Ditelepon kembali",
  "call.reached": "Bicara",
  "call.unreached": "Menunggu ditelepon kembali",
  "call.held": "Ditahan",
  "call.resumed": "Bicara",
  "call.ended": "Selesai",
  "call.refused": "Ditolak, saluran penuh",
};

const JOURNAL = {
  "call.arrived": (d) => `Panggilan masuk, trunk ${d.trunk ?? "?"}`,
  "call.refused": () => "Ditolak: saluran penuh, nomor dicatat",
  "call.noted": (d) => NOTES[d.what]?.(d) ?? `Dicatat: ${d.what ?? ""}`,
  "call.intent": (d) => WISHES[d.kind] ?? `Diminta: ${d.kind ?? ""}`,
  "call.queued": (d) => `Masuk antrean${d.place ? `, urutan ${d.place}` : ""}${d.emergency ? ", darurat" : ""}`,
  "call.left_queue": () => "Keluar dari antrean",
  "call.offered": () => "Ditawarkan ke CSO yang paling lama siap",
  "call.ringing": () => "Telepon CSO berdering",
  "call.returned": () => "CSO tidak menjawab, urutan tetap",
  "call.answered": () => "CSO menjawab",
  "call.handed_over": () => "Dialihkan ke pusat kontak mitra",
  "call.partner_answered": () => "Mitra menjawab",
  "call.handed_back": () => "Mitra tidak menjawab, kembali ke antrean",
  "call.adopted": () => "Dipulihkan dari saluran",
  "call.promised": () => "Perkiraan tunggu disampaikan",
  "call.callback": () => "Minta ditelepon kembali, urutan tetap",
  "call.scheduled": () => "Ditelepon kembali nanti",
  "call.dialled": () => "CSO siap di saluran, telepon Anda berdering",
  "call.reached": () => "Anda menjawab telepon balik",
  "call.unreached": () => "Telepon balik tidak dijawab, dicoba lagi nanti",
  "call.held": () => "CSO menahan panggilan",
  "call.resumed": () => "CSO kembali ke panggilan",
  "call.transferred": () => "Dialihkan ke CSO lain",
  "call.ended": (d) => `Selesai: ${d.outcome ?? ""}`,
};

const WISHES = {
  report: "Laporan dibuat lewat tombol",
  subscribe: "Minta dikabari saat menyala",
  "still-dark": "Masih padam: laporan ulang lewat tombol",
  "voice-note": "Catatan suara direkam",
  "voice-note-over": "Catatan suara selesai",
};

const NOTES = {
  met: () => "Saluran penelepon sampai di tujuan",
  located: () => "Area penelepon diketahui",
  emergency: () => "Darurat dikenali",
  keyed: (d) => `Tombol ${d.key ?? ""} diterima`,
  told: (d) => (d.holding ? "Pernyataan sementara diputar" : "Pengumuman area diputar"),
  status: () => "Status laporan dibacakan",
  finished: () => "Laporan yang selesai dibacakan",
  "still-dark": () => "Masih padam setelah itu",
  others: () => "Ada laporan lain dari wilayah itu",
  elsewhere: () => "Tempat lain dipilih",
  language: (d) => `Bahasa dipilih: ${d.language ?? ""}`,
  information: () => "Pertanyaan dijawab",
  compensation: () => "Kompensasi dibacakan",
  "own-number": () => "Nomor prioritas dihubungi",
  "recording-notice": () => "Pemberitahuan rekaman diputar sampai selesai",
  "queue-full": () => "Antrean penuh",
  callback: () => "Tombol telepon balik diterima",
  triage: () => "Saluran hampir penuh, hanya darurat",
};

const HAPPENINGS = {
  fetch: (e) => ({ words: "Langkah dijawab", code: `POST ${e.path}`, aside: `${String(e.ms).replace(".", ",")} ms` }),
  ask: (e) => ({ words: e.digits === 1 ? "Pilihan dibuka" : "Menunggu angka…", code: "ask", aside: `batas ${e.timeout} dtk` }),
  key: (e) => ({ words: `Tombol ${e.digit}`, code: e.heard ? "key" : "key, tidak didengar" }),
  barge: () => ({ words: "Ucapan dipotong tombol", code: "barge-in" }),
  dial: () => ({ words: "Menghubungi telepon lain", code: "dial" }),
  fault: (e) => ({ words: "Dokumen tidak sah", code: e.reason }),
};

export function describe(event) {
  if (event.kind === "journal") {
    const words = JOURNAL[event.event]?.(event.data);
    return words ? { words, code: event.cso ? `${event.event} ${event.cso}` : event.event } : null;
  }
  return HAPPENINGS[event.kind]?.(event) ?? null;
}
