namespace LifecycleManager.Decisions.Expressions;

/// <summary>An expression is wrong.</summary>
internal sealed class ExpressionException(int offset, string message, string? suggestion = null) : Exception(message)
{
    /// <summary>Where, counted from 0 within the expression's text.</summary>
    public int Offset => offset;

    /// <summary>What may have been meant.</summary>
    public string? Suggestion => suggestion;
}
