using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>Finds in a source what rules must not use.</summary>
/// <param name="model">The source's meaning.</param>
/// <param name="problems">Gets what is found.</param>
internal sealed class PurityCheck(SemanticModel model, List<RuleProblem> problems) : CSharpSyntaxWalker
{
    public override void VisitUsingDirective(UsingDirectiveSyntax node)
    {
        // A using that nothing follows from does no harm.
    }

    public override void VisitIdentifierName(IdentifierNameSyntax node) => Look(node);

    public override void VisitGenericName(GenericNameSyntax node)
    {
        Look(node);
        base.VisitGenericName(node);
    }

    public override void VisitLabeledStatement(LabeledStatementSyntax node)
    {
        problems.Add(new RuleProblem(node.GetLocation().Place(), "no goto: a loop by goto has no checkpoint", "goto"));
        base.VisitLabeledStatement(node);
    }

    private void Look(SimpleNameSyntax node)
    {
        var symbol = model.GetSymbolInfo(node).Symbol;
        var type = symbol as INamedTypeSymbol ?? symbol?.ContainingType;
        while (type?.ContainingType is { } outer) type = outer;
        if (type is null || symbol is IParameterSymbol or ILocalSymbol) return;
        var why = Impure.Find(type.ContainingNamespace.ToDisplayString(), type.Name, symbol is ITypeSymbol ? null : symbol!.Name);
        if (why is not null) problems.Add(new RuleProblem(node.GetLocation().Place(), why, "impure"));
    }
}
