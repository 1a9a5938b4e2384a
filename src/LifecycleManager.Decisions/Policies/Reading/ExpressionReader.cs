using LifecycleManager.Decisions.Expressions;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Reads expressions over the metrics of a policy.</summary>
internal sealed class ExpressionReader(ProblemSink problems, ReadTable table)
{
    /// <summary>The compiled expression; null where it is none.</summary>
    /// <param name="node">The expression.</param>
    /// <param name="key">The key that it is the value of.</param>
    /// <param name="compile">As a number or a condition.</param>
    public Expression? Read(YamlNode node, string key, Func<string, ReadTable, Expression> compile)
    {
        if (node is not YamlScalar { IsNull: false } scalar)
        {
            problems.Error(node, $"'{key}' must be an expression, not {node.Kind}", null, "type");
            return null;
        }

        try
        {
            return compile(scalar.Value, table);
        }
        catch (ExpressionException e)
        {
            problems.Error(scalar, e);
            return null;
        }
    }
}
