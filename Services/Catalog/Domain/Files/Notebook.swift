import Foundation

/// An EDA notebook whose bytes were checked: Jupyter's nbformat 4.
///
/// Source: nbformat 4, https://nbformat.readthedocs.io/en/latest/format_description.html
public struct Notebook: Hashable, Sendable {
  public static let mediaType = "application/x-ipynb+json"

  public let cellCount: Int

  /// Checks the bytes of a whole file.
  public init(checking bytes: [UInt8]) throws(FileFault) {
    guard bytes.count <= Int(CatalogLimits.maximumFileBytes) else {
      throw FileFault("larger than \(CatalogLimits.maximumFileBytes) bytes")
    }
    do {
      let document = try JSONDecoder().decode(NotebookDocument.self, from: Data(bytes))
      cellCount = document.cells.count
    } catch let fault as FileFault {
      throw fault
    } catch let error as DecodingError {
      throw FileFault(Self.text(error))
    } catch {
      throw FileFault("the notebook is not JSON")
    }
  }

  private static func text(_ error: DecodingError) -> String {
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      let place = path(context.codingPath)
      return place.isEmpty
        ? "the notebook is not a JSON object" : "the notebook's \(place) has the wrong type"
    case .keyNotFound(let key, let context):
      return "the notebook's \(path(context.codingPath + [key])) is missing"
    default:
      return "the notebook is not JSON, or is cut off"
    }
  }

  private static func path(_ path: [any CodingKey]) -> String {
    path.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
  }
}

/// What is looked at: the version first, for an older notebook has no cells at its top.
private struct NotebookDocument: Decodable {
  let cells: [Cell]

  struct Cell: Decodable {
    enum Kind: String, Decodable {
      case code, markdown, raw
    }

    let kind: Kind
    let source: Source

    enum CodingKeys: String, CodingKey {
      case kind = "cell_type"
      case source
    }
  }

  /// One text, or its lines.
  enum Source: Decodable {
    case text, lines

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if (try? container.decode(String.self)) != nil {
        self = .text
        return
      }
      _ = try container.decode([String].self)
      self = .lines
    }
  }

  enum CodingKeys: String, CodingKey {
    case version = "nbformat"
    case cells
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let version = try container.decode(Int.self, forKey: .version)
    guard version == 4 else {
      throw FileFault(
        "the notebook is nbformat \(version); expected 4 (`jupyter nbconvert --to notebook` "
          + "converts older ones)")
    }
    cells = try container.decode([Cell].self, forKey: .cells)
  }
}
