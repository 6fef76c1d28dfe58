import API
import CatalogDomain
import Crypto
import Identity
import RPC
import Storage
import Testing

@testable import CatalogService

@Suite("Uploads and downloads")
struct UploadTests {
  /// Sends a header, then the bytes in chunks.
  static func upload(
    _ world: World, _ bytes: [UInt8], to id: String, _ kind: CatalogFileKind, name: String,
    etag: String = "", as scope: TenantScope = World.organiser, chunk: Int = 7
  ) async throws -> CatalogUseCase {
    var messages = [
      CatalogUploadFileRequest(
        part: .header(
          CatalogUploadFileRequest.Header(useCaseId: id, etag: etag, kind: kind, name: name)))
    ]
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      let end = min(start + chunk, bytes.count)
      messages.append(CatalogUploadFileRequest(part: .chunk(Array(bytes[start..<end]))))
    }
    var iterator = messages.makeIterator()
    return try await world.catalog.uploadFile(scope) { iterator.next() }
  }

  @Test("a cover comes up in pieces and down as it was")
  func cover() async throws {
    let world = try await World()
    let draft = try await world.draft()
    let bytes = SampleFile.png(width: 640, height: 480)
    let updated = try await Self.upload(
      world, bytes, to: draft.id, .cover, name: "x/cover.png", etag: draft.etag)
    #expect(updated.cover?.name == "cover.png" && updated.cover?.mediaType == "image/png")
    #expect(updated.cover?.width == 640 && updated.cover?.height == 480)
    #expect(updated.cover?.sha256 == SHA256.hash(bytes).hex)
    #expect(updated.etag != draft.etag)
    var received: [UInt8] = []
    var reference: CatalogFileReference?
    try await world.catalog.downloadFile(
      CatalogDownloadFileRequest(useCaseId: draft.id, kind: .cover), World.viewer
    ) { message in
      if let file = message.file { reference = file }
      received += message.chunk
    }
    #expect(received == bytes && reference == updated.cover)
  }

  @Test("participants download the notebook of a published use case")
  func notebook() async throws {
    let world = try await World()
    let draft = try await world.draft(.public)
    let updated = try await Self.upload(
      world, SampleFile.notebook(), to: draft.id, .notebook, name: "EDA.ipynb", chunk: 64)
    #expect(updated.notebook?.mediaType == Notebook.mediaType)
    _ = try await world.catalog.change(
      CatalogChangeStateRequest(id: draft.id), .publish, World.organiser)
    var count = 0
    try await world.catalog.downloadFile(
      CatalogDownloadFileRequest(useCaseId: draft.id, kind: .notebook), World.vendor
    ) { count += $0.chunk.count }
    #expect(count == SampleFile.notebook().count)
  }

  @Test("a bad file is refused by its field, and nothing is stored")
  func badFiles() async throws {
    let world = try await World()
    let draft = try await world.draft()
    let files: [(CatalogFileKind, String, String, [UInt8])] = [
      (.cover, "a.png", "cover", Array(SampleFile.png().dropLast(9))),
      (.cover, "a.jpg", "cover", Array("not an image".utf8)),
      (.cover, "a.png", "cover", []),
      (.notebook, "a.ipynb", "notebook", SampleFile.notebook(version: 3)),
      (.notebook, "a.txt", "name", SampleFile.notebook()),
      (.unspecified, "a.png", "kind", SampleFile.png()),
    ]
    for (kind, name, field, bytes) in files {
      let refused = await status {
        _ = try await Self.upload(world, bytes, to: draft.id, kind, name: name)
      }
      #expect(refused?.code == .invalidArgument)
      #expect(refused?.details.fieldViolations.map(\.field) == [field])
    }
    #expect(try await world.catalog.blobs.list().isEmpty)
    #expect(try await world.get(draft.id, as: World.organiser) == draft)
  }

  @Test("an upload over 25 MB is stopped while it streams")
  func oversize() async throws {
    let world = try await World()
    let draft = try await world.draft()
    let chunk = CatalogUploadFileRequest(part: .chunk([UInt8](repeating: 1, count: 1_000_000)))
    var sent = 0
    let refused = await status {
      _ = try await world.catalog.uploadFile(World.organiser) {
        sent += 1
        guard sent > 1 else {
          return CatalogUploadFileRequest(
            part: .header(
              CatalogUploadFileRequest.Header(
                useCaseId: draft.id, kind: .cover, name: "endless.png")))
        }
        return chunk
      }
    }
    #expect(refused?.code == .invalidArgument && sent == 27)
  }

  @Test("an upload that begins without a header, or has two, is refused")
  func protocolErrors() async throws {
    let world = try await World()
    let draft = try await world.draft()
    let header = CatalogUploadFileRequest(
      part: .header(
        CatalogUploadFileRequest.Header(useCaseId: draft.id, kind: .cover, name: "a.png")))
    let chunk = CatalogUploadFileRequest(part: .chunk([1]))
    for messages in [[chunk], [], [header, header]] {
      var iterator = messages.makeIterator()
      let refused = await status {
        _ = try await world.catalog.uploadFile(World.organiser) { iterator.next() }
      }
      #expect(refused?.code == .invalidArgument)
    }
  }

  @Test("a stale etag, a published use case and a stranger are refused before any byte is taken")
  func refusedEarly() async throws {
    let world = try await World()
    let draft = try await world.draft(.public)
    let stale = await status {
      _ = try await Self.upload(
        world, SampleFile.png(), to: draft.id, .cover, name: "a.png", etag: "old")
    }
    #expect(stale?.code == .aborted)
    let stranger = await status {
      _ = try await Self.upload(
        world, SampleFile.png(), to: draft.id, .cover, name: "a.png", as: World.stranger)
    }
    #expect(stranger?.code == .notFound)
    _ = try await world.catalog.change(
      CatalogChangeStateRequest(id: draft.id), .publish, World.organiser)
    let published = await status {
      _ = try await Self.upload(world, SampleFile.png(), to: draft.id, .cover, name: "a.png")
    }
    #expect(published?.code == .failedPrecondition)
  }

  @Test("a tenant's third upload at once is told to come back")
  func slots() async throws {
    let slots = UploadSlots()
    try await slots.withSlot(of: "acme") {
      try await slots.withSlot(of: "acme") {
        let refused = await status { try await slots.withSlot(of: "acme") {} }
        #expect(refused?.code == .resourceExhausted)
        #expect(refused?.details.retryAfterMilliseconds != nil)
        try await slots.withSlot(of: "rival") {}
      }
    }
    try await slots.withSlot(of: "acme") {}
  }

  @Test("a file that nothing refers to is removed at the next start, others stay")
  func sweep() async throws {
    let world = try await World(delivers: true)
    let draft = try await world.draft()
    let kept = try await Self.upload(
      world, SampleFile.png(), to: draft.id, .cover, name: "a.png")
    let orphan = try await world.catalog.blobs.put([1, 2, 3])
    try await world.catalog.start()
    await world.catalog.stop()
    let left = try await world.catalog.blobs.list()
    #expect(left.map(\.hex) == [kept.cover?.sha256])
    #expect(!left.contains(orphan))
  }
}
