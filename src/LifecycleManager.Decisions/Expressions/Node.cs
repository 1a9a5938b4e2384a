namespace LifecycleManager.Decisions.Expressions;

/// <summary>A node of a parsed expression; offsets count from 0 within the expression's text.</summary>
internal abstract record Node(int Start, int End)
{
    /// <summary>The names that take part, from left to right.</summary>
    public IEnumerable<NameNode> Names => this switch
    {
        NameNode name => [name],
        CallNode call => call.Arguments.SelectMany(argument => argument.Names),
        UnaryNode unary => unary.Operand.Names,
        BinaryNode binary => binary.Left.Names.Concat(binary.Right.Names),
        _ => [],
    };
}

/// <summary>A number; percent and durations are numbers too (60% is 0.6, 5m is 300).</summary>
internal sealed record NumberNode(int Start, int End, double Value, bool IsDuration) : Node(Start, End);

/// <summary>A time of the day, in seconds since midnight.</summary>
internal sealed record TimeNode(int Start, int End, double Seconds) : Node(Start, End);

/// <summary><c>true</c> or <c>false</c>.</summary>
internal sealed record TruthNode(int Start, int End, bool Value) : Node(Start, End);

/// <summary>A fact or a metric.</summary>
internal sealed record NameNode(int Start, int End, string Name) : Node(Start, End);

/// <summary>A function's call.</summary>
internal sealed record CallNode(int Start, int End, string Name, int NameEnd, IReadOnlyList<Node> Arguments) : Node(Start, End);

/// <summary><c>not x</c> or <c>-x</c>.</summary>
internal sealed record UnaryNode(int Start, int End, Operator Operator, Node Operand) : Node(Start, End);

/// <summary><c>x op y</c>.</summary>
internal sealed record BinaryNode(int Start, int End, Operator Operator, Node Left, Node Right) : Node(Start, End);

/// <summary>The operators.</summary>
internal enum Operator
{
    Or,
    And,
    Not,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
}
