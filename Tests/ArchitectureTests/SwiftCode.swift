/// Swift source without its comments and the words of its texts: what is left is code, also that
/// which stands in a text's interpolation.
struct SwiftCode {
  var text: String { String(decoding: code, as: UTF8.self) }

  private var code: [UInt8] = []
  /// Ends in zeros, so that one may look ahead.
  private let source: [UInt8]
  private let end: Int
  private var index = 0

  init(_ source: String) {
    self.source = Array(source.utf8) + [0, 0, 0]
    end = source.utf8.count
    takeCode(isInterpolation: false)
  }

  /// Copies code up to the parenthesis that closes an interpolation, or to the end.
  private mutating func takeCode(isInterpolation: Bool) {
    var depth = 0
    while index < end {
      let next = source[index]
      switch next {
      case slash where source[index + 1] == slash:
        while index < end, source[index] != newline { index += 1 }
        continue
      case slash where source[index + 1] == star:
        skipComment()
        continue
      case quote, sign:
        let hashes = source[index..<end].prefix { $0 == sign }.count
        if source[index + hashes] == quote {
          takeText(hashes)
          continue
        }
      case open: depth += 1
      case close:
        if isInterpolation, depth == 0 { return }
        depth -= 1
      default: break
      }
      code.append(next)
      index += 1
    }
  }

  /// Comments nest.
  private mutating func skipComment() {
    var depth = 0
    repeat {
      if source[index] == slash, source[index + 1] == star {
        depth += 1
        index += 2
      } else if source[index] == star, source[index + 1] == slash {
        depth -= 1
        index += 2
      } else {
        index += 1
      }
    } while depth > 0 && index < end
  }

  /// Skips a text, but for the code in its interpolations.
  private mutating func takeText(_ hashes: Int) {
    index += hashes
    let isLong = source[index + 1] == quote && source[index + 2] == quote
    let signs = [UInt8](repeating: sign, count: hashes)
    let closing = [UInt8](repeating: quote, count: isLong ? 3 : 1) + signs
    index += isLong ? 3 : 1
    code.append(quote)
    while index < end, !starts(closing) {
      guard source[index] == backslash, starts([backslash] + signs) else {
        index += 1
        continue
      }
      index += 1 + hashes
      if source[index] == open {
        index += 1
        code.append(open)
        takeCode(isInterpolation: true)
        code.append(close)
      }
      index += 1
    }
    index += closing.count
    code.append(quote)
  }

  private func starts(_ word: [UInt8]) -> Bool {
    source[index] == word[0] && source[index...].starts(with: word)
  }
}

private let slash = UInt8(ascii: "/")
private let star = UInt8(ascii: "*")
private let quote = UInt8(ascii: "\"")
private let sign = UInt8(ascii: "#")
private let open = UInt8(ascii: "(")
private let close = UInt8(ascii: ")")
private let backslash = UInt8(ascii: "\\")
private let newline = UInt8(ascii: "\n")
