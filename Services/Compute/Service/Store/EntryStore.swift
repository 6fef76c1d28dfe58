import ComputeDomain
import Crypto
import Storage

/// The entries of the ledger as rows, appended and read in order.
enum EntryStore {
  static func head(_ db: Reader) throws -> LedgerHead {
    try db.queryOne("SELECT sequence, digest FROM head WHERE id = 1") { row in
      LedgerHead(sequence: try row.int64("sequence"), digest: try row.digest("digest"))
    } ?? .empty
  }

  static func append(_ tx: Transaction, _ drafts: [EntryDraft]) throws {
    guard !drafts.isEmpty else { return }
    var head = try head(tx)
    for draft in drafts {
      let entry = Entry(draft, after: head)
      try insert(tx, entry)
      head = entry.head
    }
    try tx.execute(
      """
      INSERT INTO head (id, sequence, digest) VALUES (1, ?1, ?2)
      ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest
      """, head.sequence, head.digest)
  }

  private static func insert(_ tx: Transaction, _ entry: Entry) throws {
    let content = entry.content
    try tx.execute(
      """
      INSERT INTO entries (sequence, cause, idempotency_key, tenant, use_case_id,
        participant_id, run_id, actor, provenance, meter, counter_gflop, price_version, trace,
        time, previous, digest)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
      """,
      entry.sequence, content.cause.rawValue, content.idempotencyKey, content.tenant,
      content.useCase, content.participant, content.run, content.actor,
      content.meter?.provenance.rawValue, content.meter?.name, content.counter?.value,
      content.price?.version, content.trace, content.time, entry.previous, entry.digest)
    for (position, posting) in content.postings.enumerated() {
      let account = posting.account
      try tx.execute(
        """
        INSERT INTO postings (sequence, position, kind, use_case_id, participant_id,
          price_version, gflop)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """,
        entry.sequence, position, account.kind.rawValue, account.useCase, account.participant,
        account.priceVersion, posting.amount.value)
    }
  }

  /// Hands every entry to `body`, in order, keeping none.
  static func forEach(_ db: Reader, _ body: (Entry) throws -> Void) throws {
    let sql = """
      SELECT e.*, p.kind AS posting_kind, p.use_case_id AS posting_use_case,
        p.participant_id AS posting_participant, p.price_version AS posting_price,
        p.gflop AS gflop, r.valid_from AS valid_from, r.nano_euro_per_gflop AS rate
      FROM entries e
        LEFT JOIN postings p ON p.sequence = e.sequence
        LEFT JOIN prices r ON r.version = e.price_version
      ORDER BY e.sequence, p.position
      """
    var pending: Entry?
    try db.forEach(sql) { row in
      let sequence = try row.int64("sequence")
      let posting = try posting(row)
      if let entry = pending, entry.sequence == sequence {
        pending = entry.adding(posting)
        return
      }
      if let entry = pending { try body(entry) }
      pending = try entry(row, postings: posting)
    }
    if let entry = pending { try body(entry) }
  }

  private static func posting(_ row: Row) throws -> [Posting] {
    guard let kind = try row.optionalText("posting_kind") else { return [] }
    let account = Account(
      kind: try parse(AccountKind.self, kind), useCase: try row.text("posting_use_case"),
      participant: try row.text("posting_participant"),
      priceVersion: try row.text("posting_price"))
    return [Posting(account: account, amount: GFLOP(try row.int64("gflop")))]
  }

  private static func entry(_ row: Row, postings: [Posting]) throws -> Entry {
    let meter: Meter? = try row.optionalText("provenance").map { provenance in
      Meter(
        provenance: try parse(Provenance.self, provenance),
        name: try row.optionalText("meter") ?? "")
    }
    // A version without its price gives another digest, and so shows.
    let price: Price? = try row.optionalText("price_version").map { version in
      Price(
        version: version, validFrom: try row.optionalInt64("valid_from") ?? 0,
        nanoEuroPerGFLOP: try row.optionalInt64("rate") ?? 0)
    }
    let content = EntryDraft(
      cause: try parse(Cause.self, row.text("cause")),
      idempotencyKey: try row.text("idempotency_key"), tenant: try row.text("tenant"),
      useCase: try row.text("use_case_id"), participant: try row.text("participant_id"),
      run: try row.text("run_id"), actor: try row.text("actor"), meter: meter,
      counter: try row.optionalInt64("counter_gflop").map { GFLOP($0) }, price: price,
      trace: try row.text("trace"), time: try row.int64("time"), postings: postings)
    return Entry(
      sequence: try row.int64("sequence"), content: content,
      previous: try row.digest("previous"), digest: try row.digest("digest"))
  }
}

extension Entry {
  fileprivate func adding(_ postings: [Posting]) -> Entry {
    var content = content
    content.postings += postings
    return Entry(sequence: sequence, content: content, previous: previous, digest: digest)
  }
}
