import RPC
import Storage

/// The most bytes that one upload may have, and the setting that says so.
struct UploadLimit: Sendable {
  let name: String
  let bytes: Int64
  let setting: String

  static func dataset(_ bytes: Int64) -> UploadLimit {
    UploadLimit(name: "maximum_dataset_bytes", bytes: bytes, setting: "--maximum-dataset-bytes")
  }

  static func submission(_ bytes: Int64) -> UploadLimit {
    UploadLimit(
      name: "maximum_submission_bytes", bytes: bytes, setting: "--maximum-submission-bytes")
  }
}

/// Streams an upload to the blob store, hashing on the way.
struct UploadReceiver: Sendable {
  let blobs: BlobStore
  let pins: BlobPins

  /// Receives a content, lets `use` look at it, and keeps it only if something then refers to it.
  func receive<Result: Sendable>(
    limit: UploadLimit, next: () async throws -> [UInt8]?,
    use: (Blob) async throws -> Result
  ) async throws -> Result {
    let blob = try await store(limit: limit, next: next)
    try await pins.pin(blob.digest)
    do {
      let result = try await use(blob)
      await pins.release(blob.digest)
      return result
    } catch {
      // Not in the cancelled task: a caller who hangs up must not leave the file behind.
      await Task { await pins.release(blob.digest) }.value
      throw error
    }
  }

  private func store(limit: UploadLimit, next: () async throws -> [UInt8]?) async throws -> Blob {
    let writer = try await blobs.makeWriter(maximumBytes: limit.bytes)
    do {
      while let chunk = try await next() {
        let size = writer.byteCount + Int64(chunk.count)
        guard size <= limit.bytes else { throw tooLarge(limit, size) }
        try await writer.append(chunk)
      }
      guard writer.byteCount > 0 else {
        throw RPCError.invalidArgument(
          "the file is empty",
          violations: [FieldViolation(field: "chunk", description: "expected at least one byte")])
      }
      return try await writer.finish()
    } catch {
      await writer.abandon()
      throw error
    }
  }

  private func tooLarge(_ limit: UploadLimit, _ size: Int64) -> RPCError {
    RPCError.resourceExhausted(
      "the file has more than \(limit.bytes) bytes; send a smaller one, or have the operator raise "
        + limit.setting,
      limit: LimitExceeded(
        name: limit.name, limit: limit.bytes, actual: size, setting: limit.setting))
  }
}
