import ComputeDomain
import Crypto
import Storage

/// What was answered to commands with an idempotency key, so that it can be answered again.
///
/// The answers of a commit are one row, appended. Where each is, an index tells by a hash of its
/// key; it is written later, and after a start the last answers are read again.
final class AnswerLog {
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

  struct Answer {
    let tenant: String
    let key: String
    let fingerprint: Digest
    let response: [UInt8]
  }

  private var index: AnswerIndex
  /// The number of the group's first answer.
  private var first: Int64 = 0
  /// The group's answers, as they will be stored, and where each begins.
  private var group = ByteWriter()
  private var starts: [Int] = []
  /// The number that the next answer had when the last commit ended.
  private var firstUncommitted: Int64 = 0
  private var isLoaded = false

  init(index: AnswerIndex = AnswerIndex()) {
    self.index = index
  }

  // MARK: - Asking

  /// What was answered under the key before, whatever was asked then.
  func answer(to request: Request, hash: Int64, _ db: Reader) throws -> Answer? {
    for number in try index.numbers(of: hash, db) {
      let answer = try self.answer(number, db)
      if answer.tenant == request.tenant, answer.key == request.key { return answer }
    }
    return nil
  }

  private func answer(_ number: Int64, _ db: Reader) throws -> Answer {
    if number >= first {
      let index = Int(number - first)
      guard index < starts.count else { throw Self.damage(number) }
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
    index.insert(hash, number)
  }

  /// Writes the group's answers, if there are any, and a part of the index.
  func write(_ tx: Transaction) throws {
    guard !starts.isEmpty else { return }
    try tx.execute(
      "INSERT INTO answers (first, count, bytes) VALUES (?1, ?2, ?3)", first, starts.count,
      group.reusedBytes())
    first += Int64(starts.count)
    clearGroup()
    try index.write(tx, next: first)
  }

  /// What was written is committed.
  func committed() {
    firstUncommitted = first
    index.committed()
  }

  // MARK: - After a start

  /// Goes back to what the database has: the first time by reading it, later by undoing what was
  /// not committed.
  func load(_ db: Reader) throws {
    clearGroup()
    if isLoaded {
      first = firstUncommitted
      return index.rollBack(next: first)
    }
    let indexed = try index.load(db)
    let sql = "SELECT first, count, bytes FROM answers WHERE first >= ?1 ORDER BY first"
    first = indexed
    try db.forEach(sql, indexed) { row in
      first = try row.int64("first")
      var reader = ByteReader(try row.blob("bytes")[...])
      for _ in 0..<max(0, try row.int64("count")) {
        guard let answer = try? Self.read(&reader) else { throw Self.damage(first) }
        let request = Request(
          tenant: answer.tenant, key: answer.key, fingerprint: answer.fingerprint)
        index.insert(request.hash, first)
        first += 1
      }
    }
    firstUncommitted = first
    isLoaded = true
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
