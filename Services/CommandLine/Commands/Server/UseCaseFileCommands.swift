import API
import Foundation

/// `assay use-case cover` and `notebook`: the files of a use case.
enum UseCaseFileCommands {
  static let all = [
    command(
      "cover", .cover, "Set or fetch the cover image: JPEG or PNG, at most 25 MB", "cover.png"),
    command(
      "notebook", .notebook, "Set or fetch the EDA notebook: .ipynb, nbformat 4", "eda.ipynb"),
  ]

  private static func command(
    _ verb: String, _ kind: CatalogFileKind, _ summary: String, _ file: String
  ) -> Command {
    Command(
      "use-case \(verb)", summary,
      arguments: [
        UseCaseCommands.useCaseArgument,
        Argument("FILE", "the file to set", required: false),
      ],
      options: [Option("save", "FILE", "fetch what is there into this file instead")],
      examples: [
        "assay use-case \(verb) uc_abcdefghijklmnop \(file)",
        "assay use-case \(verb) uc_abcdefghijklmnop --save \(file)",
      ]
    ) { call in
      let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
      switch (call.arguments.optionalArgument("FILE"), call.arguments["save"]) {
      case (let path?, nil):
        let useCase = try await UseCaseFiles.upload(
          try Upload(path, console: call.console), kind: kind, to: id, call)
        return Answer(useCase, text: UseCaseText.full(useCase))
      case (nil, let path?):
        return try await save(kind, of: id, to: path, call)
      default:
        throw UsageError(
          "either a FILE to set or --save FILE to fetch", command: "use-case \(verb)")
      }
    }
  }

  private static func save(
    _ kind: CatalogFileKind, of id: String, to path: String, _ call: Invocation
  ) async throws -> Answer {
    let request = CatalogDownloadFileRequest(useCaseId: id, kind: kind)
    let (file, bytes) = try await call.session.useCases.downloadFile(
      request, options: call.session.callOptions
    ) { answers in
      var file = CatalogFileReference()
      var bytes: [UInt8] = []
      while let answer = try await answers.next() {
        file = answer.file ?? file
        bytes += answer.chunk
      }
      return (file, bytes)
    }
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CommandFailure("cannot write \(path): \(error.localizedDescription)")
    }
    return Answer(file, text: "\(file.name), \(Bytes.text(Int64(bytes.count))), saved to \(path)")
  }
}

/// The files given to `create` and `update`, opened before anything is changed.
struct UseCaseFiles {
  private let files: [(Upload, CatalogFileKind)]

  init(_ call: Invocation) throws {
    let kinds: KeyValuePairs<String, CatalogFileKind> = ["cover": .cover, "notebook": .notebook]
    files = try kinds.compactMap { option, kind in
      try call.arguments[option].map { (try Upload($0, console: call.console), kind) }
    }
  }

  func upload(to id: String, _ call: Invocation) async throws {
    for (file, kind) in files {
      _ = try await Self.upload(file, kind: kind, to: id, call)
    }
  }

  static func upload(
    _ upload: Upload, kind: CatalogFileKind, to id: String, _ call: Invocation
  ) async throws -> CatalogUseCase {
    let header = CatalogUploadFileRequest.Header(
      useCaseId: id, kind: kind, name: upload.file.name)
    return try await call.session.useCases.uploadFile(options: call.session.callOptions) {
      writer in
      try await upload.send(
        to: writer, header: CatalogUploadFileRequest(part: .header(header)),
        chunk: { CatalogUploadFileRequest(part: .chunk($0)) })
    }
  }
}
