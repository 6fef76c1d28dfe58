/// The assignment problem: Kuhn's Hungarian method with potentials, O(n²·m).
enum Assignment {
  /// For each row its column (nil: none) in the one-to-one assignment of min(rows, columns) pairs
  /// with the largest total gain. `gain` is row-major.
  static func best(gain: [Double], rows: Int, columns: Int) -> [Int?] {
    guard rows > 0, columns > 0 else { return [Int?](repeating: nil, count: rows) }
    guard rows <= columns else {
      let turned = (0..<columns * rows).map { gain[($0 % rows) * columns + $0 / rows] }
      var result = [Int?](repeating: nil, count: rows)
      for (column, row) in best(gain: turned, rows: columns, columns: rows).enumerated() {
        if let row { result[row] = column }
      }
      return result
    }
    return minimum(cost: gain.map { -$0 }, rows: rows, columns: columns)
  }

  /// The cheapest assignment of every row; there are at most as many rows as columns.
  private static func minimum(cost: [Double], rows: Int, columns: Int) -> [Int?] {
    var rowPotential = [Double](repeating: 0, count: rows + 1)
    var columnPotential = [Double](repeating: 0, count: columns + 1)
    // Column 0 is a stand-in from which each augmenting path starts.
    var rowOf = [Int](repeating: 0, count: columns + 1)
    for row in 1...rows {
      rowOf[0] = row
      var path = [Int](repeating: 0, count: columns + 1)
      var slack = [Double](repeating: .infinity, count: columns + 1)
      var isVisited = [Bool](repeating: false, count: columns + 1)
      var column = 0
      repeat {
        isVisited[column] = true
        let current = rowOf[column]
        var delta = Double.infinity
        var next = 0
        for candidate in 1...columns where !isVisited[candidate] {
          let reduced =
            cost[(current - 1) * columns + candidate - 1] - rowPotential[current]
            - columnPotential[candidate]
          if reduced < slack[candidate] {
            slack[candidate] = reduced
            path[candidate] = column
          }
          if slack[candidate] < delta {
            delta = slack[candidate]
            next = candidate
          }
        }
        for visited in 0...columns {
          if isVisited[visited] {
            rowPotential[rowOf[visited]] += delta
            columnPotential[visited] -= delta
          } else {
            slack[visited] -= delta
          }
        }
        column = next
      } while rowOf[column] != 0
      while column != 0 {
        rowOf[column] = rowOf[path[column]]
        column = path[column]
      }
    }
    var result = [Int?](repeating: nil, count: rows)
    for column in 1...columns where rowOf[column] > 0 { result[rowOf[column] - 1] = column - 1 }
    return result
  }
}
