/// Why a file is not what it should be, in words for the one who sent it.
public struct FileFault: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// The two files that a use case may have.
public enum FileKind: String, Hashable, Sendable, CaseIterable {
  case cover, notebook

  /// The name that a file comes with, reduced to its last part; throws `invalid` if it is none.
  public func checkedName(_ name: String) throws(CatalogError) -> String {
    let last = name.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
    let text = TextRules.trimmed(last)
    guard !text.isEmpty, text != ".", text != ".." else {
      throw .invalid("name", "the file has no name")
    }
    guard text.utf8.count <= CatalogLimits.maximumFileNameBytes else {
      throw .invalid("name", "longer than \(CatalogLimits.maximumFileNameBytes) bytes")
    }
    if let fault = TextRules.fault(
      inLine: text, maximumCharacters: CatalogLimits.maximumFileNameBytes)
    {
      throw .invalid("name", fault)
    }
    guard self != .notebook || text.lowercased().hasSuffix(".ipynb") else {
      throw .invalid("name", "\"\(text)\" does not end in .ipynb")
    }
    return text
  }

  /// The error for a file that is larger than allowed.
  public static func tooLarge(_ kind: FileKind) -> CatalogError {
    .invalid(
      kind.rawValue,
      "larger than \(CatalogLimits.maximumFileBytes) bytes (25 MB), the limit for a file")
  }
}

/// A stored file of a use case.
public struct StoredFile: Hashable, Sendable {
  public var name: String
  public var mediaType: String
  public var sizeBytes: Int64
  /// Lower-case hexadecimal.
  public var sha256: String
  /// Pixels; 0 unless it is an image.
  public var width: Int
  public var height: Int

  public init(
    name: String, mediaType: String, sizeBytes: Int64, sha256: String, width: Int = 0,
    height: Int = 0
  ) {
    self.name = name
    self.mediaType = mediaType
    self.sizeBytes = sizeBytes
    self.sha256 = sha256
    self.width = width
    self.height = height
  }
}
