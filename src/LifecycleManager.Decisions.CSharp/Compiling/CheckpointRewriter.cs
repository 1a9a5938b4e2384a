using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>
/// Puts a <see cref="RuleCheckpoint"/> into every loop, and at the beginning of everything that can call itself. Lambdas that
/// are one expression stay as they are: most of them are expression trees, which hold no statement.
/// </summary>
internal sealed class CheckpointRewriter : CSharpSyntaxRewriter
{
    private static readonly StatementSyntax Pass =
        ParseStatement($"global::{typeof(RuleCheckpoint).FullName}.{nameof(RuleCheckpoint.Pass)}();");

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node)
    {
        var loop = (WhileStatementSyntax)base.VisitWhileStatement(node)!;
        return loop.WithStatement(Begin(loop.Statement));
    }

    public override SyntaxNode? VisitDoStatement(DoStatementSyntax node)
    {
        var loop = (DoStatementSyntax)base.VisitDoStatement(node)!;
        return loop.WithStatement(Begin(loop.Statement));
    }

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node)
    {
        var loop = (ForStatementSyntax)base.VisitForStatement(node)!;
        return loop.WithStatement(Begin(loop.Statement));
    }

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node)
    {
        var loop = (ForEachStatementSyntax)base.VisitForEachStatement(node)!;
        return loop.WithStatement(Begin(loop.Statement));
    }

    public override SyntaxNode? VisitForEachVariableStatement(ForEachVariableStatementSyntax node)
    {
        var loop = (ForEachVariableStatementSyntax)base.VisitForEachVariableStatement(node)!;
        return loop.WithStatement(Begin(loop.Statement));
    }

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node)
    {
        var method = (MethodDeclarationSyntax)base.VisitMethodDeclaration(node)!;
        return Body(method.Body, method.ExpressionBody, !IsVoid(method.ReturnType, method.Modifiers)) is { } body
            ? method.WithBody(body).WithExpressionBody(null).WithSemicolonToken(default) : method;
    }

    public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node)
    {
        var method = (LocalFunctionStatementSyntax)base.VisitLocalFunctionStatement(node)!;
        return Body(method.Body, method.ExpressionBody, !IsVoid(method.ReturnType, method.Modifiers)) is { } body
            ? method.WithBody(body).WithExpressionBody(null).WithSemicolonToken(default) : method;
    }

    public override SyntaxNode? VisitOperatorDeclaration(OperatorDeclarationSyntax node)
    {
        var method = (OperatorDeclarationSyntax)base.VisitOperatorDeclaration(node)!;
        return Body(method.Body, method.ExpressionBody, !IsVoid(method.ReturnType, method.Modifiers)) is { } body
            ? method.WithBody(body).WithExpressionBody(null).WithSemicolonToken(default) : method;
    }

    public override SyntaxNode? VisitConversionOperatorDeclaration(ConversionOperatorDeclarationSyntax node)
    {
        var method = (ConversionOperatorDeclarationSyntax)base.VisitConversionOperatorDeclaration(node)!;
        return Body(method.Body, method.ExpressionBody, returns: true) is { } body
            ? method.WithBody(body).WithExpressionBody(null).WithSemicolonToken(default) : method;
    }

    public override SyntaxNode? VisitConstructorDeclaration(ConstructorDeclarationSyntax node)
    {
        var method = (ConstructorDeclarationSyntax)base.VisitConstructorDeclaration(node)!;
        return Body(method.Body, method.ExpressionBody, returns: false) is { } body
            ? method.WithBody(body).WithExpressionBody(null).WithSemicolonToken(default) : method;
    }

    public override SyntaxNode? VisitAccessorDeclaration(AccessorDeclarationSyntax node)
    {
        var accessor = (AccessorDeclarationSyntax)base.VisitAccessorDeclaration(node)!;
        return Body(accessor.Body, accessor.ExpressionBody, accessor.IsKind(SyntaxKind.GetAccessorDeclaration)) is { } body
            ? accessor.WithBody(body).WithExpressionBody(null).WithSemicolonToken(default) : accessor;
    }

    public override SyntaxNode? VisitPropertyDeclaration(PropertyDeclarationSyntax node)
    {
        var property = (PropertyDeclarationSyntax)base.VisitPropertyDeclaration(node)!;
        return property.ExpressionBody is { } expression
            ? property.WithAccessorList(Getter(expression)).WithExpressionBody(null).WithSemicolonToken(default) : property;
    }

    public override SyntaxNode? VisitIndexerDeclaration(IndexerDeclarationSyntax node)
    {
        var indexer = (IndexerDeclarationSyntax)base.VisitIndexerDeclaration(node)!;
        return indexer.ExpressionBody is { } expression
            ? indexer.WithAccessorList(Getter(expression)).WithExpressionBody(null).WithSemicolonToken(default) : indexer;
    }

    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node)
    {
        var lambda = (ParenthesizedLambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!;
        return lambda.Block is { } block ? lambda.WithBlock(Begin(block)) : lambda;
    }

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node)
    {
        var lambda = (SimpleLambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!;
        return lambda.Block is { } block ? lambda.WithBlock(Begin(block)) : lambda;
    }

    private static BlockSyntax Begin(StatementSyntax statement) => Block(Pass, statement);

    private static BlockSyntax Begin(BlockSyntax block) => block.WithStatements(block.Statements.Insert(0, Pass));

    private static AccessorListSyntax Getter(ArrowExpressionClauseSyntax expression) => AccessorList(SingletonList(
        AccessorDeclaration(SyntaxKind.GetAccessorDeclaration, Block(Pass, Statement(expression.Expression, returns: true)))));

    /// <summary>The body with its checkpoint; null where there is none.</summary>
    private static BlockSyntax? Body(BlockSyntax? block, ArrowExpressionClauseSyntax? expression, bool returns) =>
        block is not null ? Begin(block)
        : expression is not null ? Block(Pass, Statement(expression.Expression, returns))
        : null;

    private static StatementSyntax Statement(ExpressionSyntax expression, bool returns) => expression switch
    {
        ThrowExpressionSyntax thrown => ThrowStatement(thrown.Expression),
        _ when returns => ReturnStatement(expression),
        _ => ExpressionStatement(expression),
    };

    /// <summary>Whether what a method's expression has for a value is dropped.</summary>
    private static bool IsVoid(TypeSyntax type, SyntaxTokenList modifiers) =>
        type is PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword }
        || (modifiers.Any(SyntaxKind.AsyncKeyword) && type is IdentifierNameSyntax or QualifiedNameSyntax
        { Right: IdentifierNameSyntax });
}
