import Essentials
import Testing

@Suite struct JSONTests {
    @Test func `members keep their order and text is escaped`() {
        let json: JSON = [
            "z": 1, "a": [true, nil, -2, 1.5], "text": "a\"b\\c\n\u{1}</script>\u{2028}é🐦",
        ]
        #expect(
            json.text == #"{"z":1,"a":[true,null,-2,1.5],"#
                + #""text":"a\"b\\c\n\u0001\u003c/script>\u2028é🐦"}"#)
    }

    @Test func `what was written is read back`() throws {
        let json: JSON = [
            "empty": [:], "none": [], "deep": [[[["x"]]]], "number": 0.1, "large": 9007199254740993,
            "text": "\u{0}\u{1F}\"\\/\u{7F}\u{2029}𝄞", "small": -1e-7,
        ]
        #expect(try JSON(parsing: json.text) == json)
    }

    @Test func `JavaScript's integers stay exact`() {
        #expect(JSON.exact(1 << 53) == .integer(1 << 53))
        #expect(JSON.exact((1 << 53) + 1) == .string("9007199254740993"))
    }

    @Test func `what JSON cannot say is null`() {
        #expect(JSON.number(.infinity).text == "null")
        #expect(JSON.number(.nan).text == "null")
    }

    @Test(arguments: [
        (#" {"a" : [ 1 , 2.0e1 , "A\/é" ] } "#, #"{"a":[1,20.0,"A/é"]}"#),
        (#""😀""#, #""😀""#), ("0", "0"), ("-0", "0"), ("1E+2", "100.0"),
        ("123456789012345678901234567890", "1.2345678901234568e+29"), ("[]", "[]"), ("{}", "{}"),
    ])
    func `the grammar is RFC 8259's`(text: String, expected: String) throws {
        #expect(try JSON(parsing: text).text == expected)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "{\"a\":}", "{\"a\" 1}", "{a:1}", "{\"a\":1,}", "[1 2]", "01",
        "+1",
        "1.", ".5", "1e", "-", "tru", "nul", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\u{1}\"", "1 2", "[1]]", "1e999", "NaN", "'a'",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: JSON.ParsingError.self) { try JSON(parsing: text) }
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(throws: JSON.ParsingError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test func `nesting is bounded`() throws {
        let fine = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        _ = try JSON(parsing: fine)
        #expect(throws: JSON.ParsingError.self) {
            try JSON(parsing: String(repeating: "[", count: 1_000_000))
        }
        #expect(throws: JSON.ParsingError.self) {
            try JSON(parsing: String(repeating: "{\"a\":", count: 1_000_000))
        }
    }

    @Test func `random bytes never crash the parser`() {
        var random = SeededRandom(seed: 7)
        let alphabet = Array("{}[]\",:\\u0123456789eE+-.truefalsn \n\u{1}é".utf8)
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...24, using: &random)
            let bytes = (0..<count).map { _ in
                random.oneIn(12)
                    ? UInt8.random(in: 0...255, using: &random)
                    : alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            if let json = try? JSON(parsing: bytes) {
                #expect((try? JSON(parsing: json.text)) == json)
            }
        }
    }
}
