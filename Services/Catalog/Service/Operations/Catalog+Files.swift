import API
import CatalogDomain
import Crypto
import Identity
import RPC
import ServiceKit
import Storage

// Cover image and EDA notebook: up as a stream, checked as a whole, down as a stream.

extension Catalog {
  /// Takes a header and then chunks from `next` until it gives nil.
  ///
  /// Nothing is stored before the whole file is there and found good.
  func uploadFile(
    _ scope: TenantScope, next: () async throws -> CatalogUploadFileRequest?
  ) async throws -> CatalogUseCase {
    guard case .header(let header)? = try await next()?.part else {
      throw CatalogRefusal.upload("the first message of an upload must be its header")
    }
    let kind = try FileKind.parse(header.kind)
    let name = try kind.checkedName(header.name)
    let now = clock.now()
    try await database.read { db in
      try Self.checkUpload(db.managedUseCase(header.useCaseId, by: scope, now: now), header)
    }
    return try await uploads.withSlot(of: scope.tenant) {
      let bytes = try await Self.receive(kind, next)
      let file = try await Self.check(bytes, kind, name)
      let digest = try await blobs.put(bytes)
      return try await store(file, digest, kind, header, scope)
    }
  }

  private static func checkUpload(
    _ record: UseCaseRecord, _ header: CatalogUploadFileRequest.Header
  ) throws {
    try Etag.check(header.etag, present: record.etag)
    guard record.state == .draft else {
      let field = (try? FileKind.parse(header.kind).rawValue) ?? "kind"
      throw CatalogError.notNow(
        "a \(record.state.rawValue) use case does not let this change: \(field)",
        [FieldFault(field, "is fixed once the use case is published")])
    }
  }

  private static func receive(
    _ kind: FileKind, _ next: () async throws -> CatalogUploadFileRequest?
  ) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let message = try await next() {
      guard case .chunk(let chunk)? = message.part else {
        throw CatalogRefusal.upload("after the header, each message of an upload is a chunk")
      }
      guard bytes.count + chunk.count <= Int(CatalogLimits.maximumFileBytes) else {
        throw FileKind.tooLarge(kind)
      }
      bytes += chunk
    }
    return bytes
  }

  private static func check(
    _ bytes: [UInt8], _ kind: FileKind, _ name: String
  ) async throws -> StoredFile {
    do {
      return try await Work.run {
        let sha256 = SHA256.hash(bytes).hex
        switch kind {
        case .cover:
          let image = try CoverImage(checking: bytes)
          return StoredFile(
            name: name, mediaType: image.format.mediaType, sizeBytes: Int64(bytes.count),
            sha256: sha256, width: image.width, height: image.height)
        case .notebook:
          _ = try Notebook(checking: bytes)
          return StoredFile(
            name: name, mediaType: Notebook.mediaType, sizeBytes: Int64(bytes.count),
            sha256: sha256)
        }
      }
    } catch let fault as FileFault {
      throw CatalogError.invalid(kind.rawValue, fault.description)
    }
  }

  private func store(
    _ file: StoredFile, _ digest: Digest, _ kind: FileKind,
    _ header: CatalogUploadFileRequest.Header, _ scope: TenantScope
  ) async throws -> CatalogUseCase {
    try await commit { [self] tx in
      let now = clock.now()
      var record = try tx.managedUseCase(header.useCaseId, by: scope, now: now)
      try Self.checkUpload(record, header)
      try tx.store(file, as: kind, of: record.id)
      record.files[kind] = file
      let messages = try save(tx, &record, now: now)
      try tx.audit(
        kind == .cover ? .uploadCover : .uploadNotebook, of: record, by: scope,
        detail: "\(file.name), \(file.sizeBytes) bytes, SHA-256 \(digest.hex)", now: now)
      return Outcome(
        value: SeenUseCase(record: record, standing: .manager).wire, messages: messages)
    }
  }

  /// Gives the file's reference first, then its bytes in pieces.
  func downloadFile(
    _ request: CatalogDownloadFileRequest, _ scope: TenantScope,
    send: (CatalogDownloadFileResponse) async throws -> Void
  ) async throws {
    let kind = try FileKind.parse(request.kind)
    let now = clock.now()
    let seen = try await database.read { db in
      try db.useCase(request.useCaseId, seenBy: scope, now: now)
    }
    guard let file = seen.record.files[kind], let digest = Digest(hex: file.sha256) else {
      throw CatalogError.notFound(kind: kind.rawValue, name: request.useCaseId)
    }
    let reader = try await blobs.open(digest)
    try await send(CatalogDownloadFileResponse(file: file.wire))
    while let chunk = try await reader.next() {
      try await send(CatalogDownloadFileResponse(chunk: chunk))
    }
    await reader.close()
  }
}
