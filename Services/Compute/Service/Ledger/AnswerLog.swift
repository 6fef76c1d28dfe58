import ComputeDomain
import Crypto
import Storage

/// What was answered to commands with an idempotency key, so that it can be answered again.
///
/// The answers of a commit are one row, appended. Where each is, an index tells by a hash of its
/// key. Hashes are random, so that an index written at once would touch as many pages as there are
/// answers; here they wait in memory, by ranges of hashes, and each commit moves one of 256 ranges
/// into the table, whose rows are neighbours. After a crash the last answers are read again. A
/// filter in memory spares the search for keys that are new.
final class AnswerLog {
  /// How the hashes are divided; a commit writes one part.
  private static let ranges = 256
  /// Answers of a range that wait before it is written out of turn.
  private static let maximumOfRange = 1_024
  /// Commits between two notes of how far the index is.
  private static let positionInterval = 16

  /// A command's key within the caller's tenant, and what was asked.
  struct Request {
    let tenant: String
    let key: String
    /// The digest of method, user and message.
    let fingerprint: Digest

    /// The first 64 bits of a digest of tenant and key; two keys may share them.
    var hash: Int64 {
      SHA256.hash("\(tenant) \(key)").bytes.withUnsafeBytes {
        Int64(bigEndian: $0.loadUnaligned(as: Int64.self))
      }
    }
  }

  /// A row of the index: the number of an answer, by the hash of its key.
  private struct Place {
    let hash: Int64
    let number: Int64
  }

  struct Answer {
    let tenant: String
    let key: String
    let fingerprint: Digest
    let response: [UInt8]
  }

  /// Every hash, in the table or not; filled from the table when the service starts.
  private var filter: AnswerFilter?
  /// The answers that are not in the table yet, by the range of their hashes: so few of a range
  /// that to look through them, for a key that may be known, is quicker than to keep them by hash.
  private var waiting = [[Place]](repeating: [], count: AnswerLog.ranges)
  private var nextRange = 0
  /// A range of which more wait than should: keys can be chosen so that all fall into one.
  private var fullRange: Int?
  /// The first answers of the last commits: what is older than all of them is in the table.
  private var recentCommits: [Int64] = []

  private var first: Int64 = 0
  /// The group's answers, as they will be stored, and where each begins.
  private var group = ByteWriter()
  private var starts: [Int] = []

  // MARK: - Asking

  /// What was answered under the key before, whatever was asked then.
  func answer(to request: Request, hash: Int64, _ db: Reader) throws -> Answer? {
    guard filter?.mayContain(hash) ?? true else { return nil }
    var numbers: [Int64] = []
    for place in waiting[Self.range(of: hash)] where place.hash == hash {
      numbers.append(place.number)
    }
    try db.forEach("SELECT number FROM answer_keys WHERE hash = ?1", hash) {
      numbers.append(try $0.int64(0))
    }
    for number in numbers {
      let answer = try self.answer(number, db)
      if answer.tenant == request.tenant, answer.key == request.key { return answer }
    }
    return nil
  }

  private func answer(_ number: Int64, _ db: Reader) throws -> Answer {
    if number >= first {
      let index = Int(number - first)
      let end = index + 1 < starts.count ? starts[index + 1] : group.count
      let bytes = group.withUnsafeBytes { Array($0[starts[index]..<end]) }
      var reader = ByteReader(bytes[...])
      guard let answer = try? Self.read(&reader) else { throw Self.damage(number) }
      return answer
    }
    let sql = "SELECT first, bytes FROM answers WHERE first <= ?1 ORDER BY first DESC LIMIT 1"
    let row = try db.queryOne(sql, number) { (try $0.int64("first"), try $0.blob("bytes")) }
    guard let (first, bytes) = row else { throw Self.damage(number) }
    var reader = ByteReader(bytes[...])
    do throws(EntryDamage) {
      for _ in first..<number { _ = try Self.read(&reader) }
      return try Self.read(&reader)
    } catch {
      throw Self.damage(number)
    }
  }

  // MARK: - Answering

  func append(_ request: Request, hash: Int64, response: [UInt8]) {
    let number = first + Int64(starts.count)
    starts.append(group.count)
    Self.write(request, response: response, to: &group)
    index(hash, number)
  }

  private func index(_ hash: Int64, _ number: Int64) {
    // A group that failed has left its hashes there, and after each all that wait come again.
    if filter?.mayContain(hash) == false { filter?.insert(hash) }
    let range = Self.range(of: hash)
    waiting[range].append(Place(hash: hash, number: number))
    if waiting[range].count > Self.maximumOfRange { fullRange = range }
  }

  private static func range(of hash: Int64) -> Int { Int(UInt64(bitPattern: hash) >> 56) }

  /// Writes the group's answers, if there are any, and a part of the index.
  func write(_ tx: Transaction) throws {
    guard !starts.isEmpty else { return }
    try tx.execute(
      "INSERT INTO answers (first, count, bytes) VALUES (?1, ?2, ?3)", first, starts.count,
      group.reusedBytes())
    recentCommits.append(first)
    first += Int64(starts.count)
    clearGroup()
    try writeIndex(of: nextRange, tx)
    if let fullRange { try writeIndex(of: fullRange, tx) }
    fullRange = nil
    nextRange = (nextRange + 1) % Self.ranges
    if recentCommits.count > Self.ranges { recentCommits.removeFirst() }
    // A position that is somewhat old costs a start that much more reading, and nothing else.
    guard nextRange.isMultiple(of: Self.positionInterval) else { return }
    try tx.execute(
      """
      INSERT INTO answer_position (id, indexed) VALUES (1, ?1)
      ON CONFLICT (id) DO UPDATE SET indexed = excluded.indexed
      """, recentCommits.first ?? 0)
  }

  private func writeIndex(of range: Int, _ tx: Transaction) throws {
    try tx.execute(
      "INSERT INTO answer_keys (hash, number) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
      each: waiting[range].sorted { $0.hash < $1.hash }.map { ($0.hash, $0.number) })
    waiting[range].removeAll(keepingCapacity: true)
  }

  // MARK: - After a start

  /// Reads the answers that the table may not have.
  func load(_ db: Reader) throws {
    waiting = [[Place]](repeating: [], count: Self.ranges)
    recentCommits.removeAll()
    clearGroup()
    nextRange = 0
    fullRange = nil
    first = 0
    try fillFilter(db)
    let indexed =
      try db.queryOne("SELECT indexed FROM answer_position WHERE id = 1") { try $0.int64(0) } ?? 0
    let sql = "SELECT first, count, bytes FROM answers WHERE first >= ?1 ORDER BY first"
    try db.forEach(sql, indexed) { row in
      first = try row.int64("first")
      recentCommits.append(first)
      var reader = ByteReader(try row.blob("bytes")[...])
      for _ in 0..<(try row.int64("count")) {
        guard let answer = try? Self.read(&reader) else { throw Self.damage(first) }
        let request = Request(
          tenant: answer.tenant, key: answer.key, fingerprint: answer.fingerprint)
        index(request.hash, first)
        first += 1
      }
    }
    // Now waiting for as many commits as there are ranges, whatever was waiting before.
    if let oldest = recentCommits.first { recentCommits = [oldest] }
  }

  /// Once: a commit that failed leaves hashes in the filter that nothing has, which cost a search.
  private func fillFilter(_ db: Reader) throws {
    guard filter == nil else { return }
    var filter = AnswerFilter()
    try db.forEach("SELECT hash FROM answer_keys") { filter.insert(try $0.int64(0)) }
    self.filter = filter
  }

  private func clearGroup() {
    group.removeAll()
    starts.removeAll(keepingCapacity: true)
  }

  // MARK: - Bytes

  private static func write(
    _ request: Request, response: [UInt8], to writer: inout ByteWriter
  ) {
    writer.text(request.tenant)
    writer.text(request.key)
    writer.digest(request.fingerprint)
    writer.block(response)
  }

  private static func read(_ reader: inout ByteReader) throws(EntryDamage) -> Answer {
    let tenant = try reader.text()
    let key = try reader.text()
    guard let digest = Digest(bytes: Array(try reader.take(Digest.byteCount))) else {
      throw EntryDamage()
    }
    return Answer(
      tenant: tenant, key: key, fingerprint: digest, response: Array(try reader.block()))
  }

  private static func damage(_ number: Int64) -> StorageError {
    .corrupt("answer \(number) cannot be read")
  }
}
