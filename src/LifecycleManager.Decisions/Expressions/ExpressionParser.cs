using System.Buffers;
using System.Globalization;
using LifecycleManager.Primitives.Timing;
using Parlot;
using Parlot.Fluent;
using static Parlot.Fluent.Parsers;

namespace LifecycleManager.Decisions.Expressions;

/// <summary>
/// The grammar, in rising order of binding: <c>or</c>; <c>and</c>; <c>not</c>; <c>== != &lt; &lt;= &gt; &gt;=</c>; <c>+ -</c>;
/// <c>* /</c>; unary <c>-</c>; numbers, percents, durations, times of the day, names, calls and parentheses.
/// </summary>
internal static class ExpressionParser
{
    /// <summary>The longest expression taken, in characters.</summary>
    public const int MaxLength = 1000;

    private const int MaxDepth = 32;
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");
    private static readonly SearchValues<char> LiteralCharacters = SearchValues.Create(Letters + "0123456789.:_");
    private static readonly SearchValues<char> NameStarts = SearchValues.Create(Letters + "_");
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create(Letters + "0123456789._");

    /// <summary>Words that are no names.</summary>
    public static readonly string[] Keywords = ["and", "or", "not", "true", "false"];

    private static readonly Parser<Node> Grammar = Build();

    /// <exception cref="ExpressionException">The text is not an expression.</exception>
    public static Node Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) throw new ExpressionException(0, "the expression is empty");
        if (text.Length > MaxLength) throw new ExpressionException(0, $"the expression is longer than {MaxLength} characters");
        CheckDepth(text);
        var context = new ParseContext(new Scanner(text));
        try
        {
            var result = new ParseResult<Node>();
            var parsed = Grammar.Parse(context, ref result);
            context.SkipWhiteSpace();
            var offset = context.Scanner.Cursor.Offset;
            if (!parsed)
                throw new ExpressionException(offset, $"expected a number, a name or '(', but found {Found(text, offset)}");
            if (offset < text.Length) throw Unexpected(text, offset);
            return result.Value;
        }
        catch (ParseException e)
        {
            // Parlot names the place before the white space; people look at the word after it.
            var offset = e.Position.Offset;
            while (offset < text.Length && char.IsWhiteSpace(text[offset])) offset++;
            throw new ExpressionException(offset, $"{e.Message}, but found {Found(text, offset)}");
        }
    }

    private static ExpressionException Unexpected(string text, int offset)
    {
        var rest = text.AsSpan(offset);
        var hint = rest switch
        {
            ['=', '=', ..] => null,
            ['=', ..] => "write '==' to compare",
            ['&', ..] => "write 'and'",
            ['|', ..] => "write 'or'",
            ['!', ..] => "write 'not'",
            ['%', ..] => "a percent sign follows a number: 60%",
            _ => null,
        };
        return new ExpressionException(offset, $"expected an operator or the end, but found {Found(text, offset)}", hint);
    }

    private static string Found(string text, int offset)
    {
        if (offset >= text.Length) return "the end";
        var end = offset + 1;
        if (char.IsLetterOrDigit(text[offset]))
        {
            while (end < text.Length && end - offset < 20 && char.IsLetterOrDigit(text[end])) end++;
        }

        return $"'{text[offset..end]}'";
    }

    private static void CheckDepth(string text)
    {
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '(' && ++depth > MaxDepth)
                throw new ExpressionException(i, $"parentheses nest deeper than {MaxDepth}");
            if (text[i] == ')') depth--;
        }
    }

    private static Parser<Node> Build()
    {
        var expression = Deferred<Node>();

        var literal = Terms.Identifier(Digits, LiteralCharacters)
            .And(ZeroOrOne(Literals.Char('%')))
            .Then((_, start, end, parts) => Literal(start, end, parts.Item1.ToString(), parts.Item2.Count > 0));
        var word = Terms.Identifier(NameStarts, NameCharacters);
        var name = word
            .When((_, span) => Array.IndexOf(Keywords, span.ToString()) < 0)
            .Then((_, start, end, span) => (Start: start, End: end, Text: span.ToString()));
        var call = name
            .AndSkip(Terms.Char('('))
            .And(Separated(Terms.Char(','), expression).Else([]))
            .AndSkip(Terms.Char(')').ElseError("expected ',' or ')'"))
            .Then<Node>((_, start, end, parts) =>
                new CallNode(parts.Item1.Start, end, parts.Item1.Text, parts.Item1.End, [.. parts.Item2]));
        var reference = name.Then<Node>(part => new NameNode(part.Start, part.End, part.Text));
        var truth = Terms.Keyword("true").Or(Terms.Keyword("false"))
            .Then<Node>((_, start, end, text) => new TruthNode(start, end, text == "true"));
        var group = Terms.Char('(')
            .SkipAnd(expression.ElseError("expected an expression"))
            .AndSkip(Terms.Char(')').ElseError("expected ')'"));
        var primary = OneOf(literal, truth, call, reference, group);

        var unary = Deferred<Node>();
        unary.Parser = Terms.Char('-').SkipAnd(unary.ElseError("expected a number after '-'"))
            .Then<Node>((_, start, end, operand) => new UnaryNode(start, end, Operator.Negate, operand))
            .Or(primary);

        var product = Chain(unary, Symbol("*", Operator.Multiply), Symbol("/", Operator.Divide));
        var sum = Chain(product, Symbol("+", Operator.Add), Symbol("-", Operator.Subtract));
        var comparison = Chain(
            sum,
            Symbol("==", Operator.Equal),
            Symbol("!=", Operator.NotEqual),
            Symbol("<=", Operator.LessOrEqual),
            Symbol(">=", Operator.GreaterOrEqual),
            Symbol("<", Operator.Less),
            Symbol(">", Operator.Greater));

        var negation = Deferred<Node>();
        negation.Parser = Terms.Keyword("not").SkipAnd(negation.ElseError("expected a condition after 'not'"))
            .Then<Node>((_, start, end, operand) => new UnaryNode(start, end, Operator.Not, operand))
            .Or(comparison);
        var conjunction = Chain(negation, Word("and", Operator.And));
        expression.Parser = Chain(conjunction, Word("or", Operator.Or));
        return expression;

        static Parser<(Operator, string)> Symbol(string text, Operator op) => Terms.Text(text).Then(_ => (op, text));
        static Parser<(Operator, string)> Word(string text, Operator op) => Terms.Keyword(text).Then(_ => (op, text));
    }

    /// <summary>Operands joined by operators that bind alike, from the left.</summary>
    private static Parser<Node> Chain(Parser<Node> operand, params Parser<(Operator Operator, string Text)>[] operators)
    {
        var op = operators.Length == 1 ? operators[0] : OneOf(operators);
        return operand.And(ZeroOrMany(op.And(operand.ElseError("expected a value after the operator"))))
            .Then(parts =>
            {
                var left = parts.Item1;
                foreach (var (next, right) in parts.Item2)
                    left = new BinaryNode(left.Start, right.End, next.Operator, left, right);
                return left;
            });
    }

    private static Node Literal(int start, int end, string text, bool percent)
    {
        if (double.TryParse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture,
            out var number)
            && double.IsFinite(number))
        {
            return new NumberNode(start, end, percent ? number / 100 : number, false);
        }

        if (!percent && DurationText.TryParse(text, out var duration))
            return new NumberNode(start, end, duration.TotalSeconds, true);
        if (!percent && TimeOnly.TryParseExact(text, ["H:mm", "HH:mm", "HH:mm:ss"], CultureInfo.InvariantCulture,
            DateTimeStyles.None, out var time))
        {
            return new TimeNode(start, end, time.ToTimeSpan().TotalSeconds);
        }

        throw new ExpressionException(
            start, $"'{text}{(percent ? "%" : "")}' is not a number, percent, duration or time",
            "write 10, 0.6, 60%, 5m, 1h30m or 22:30");
    }
}
