using LifecycleManager.Decisions.Facts;

namespace LifecycleManager.Decisions.Tests.Facts;

public sealed class SelectorOverlapTests
{
    [Theory]
    [InlineData("/a", "/a", true)]
    [InlineData("/a", "/b", false)]
    [InlineData("/shop/*", "/shop/web", true)]
    [InlineData("/shop/*", "/shop/web/old", false)]
    [InlineData("/shop/**", "/shop/web/old", true)]
    [InlineData("/shop/w*", "/shop/*", true)]
    [InlineData("/shop/w*", "/shop/api-*", false)]
    public void Ids_and_globs_meet_where_one_app_may_be_both(string one, string other, bool meet)
    {
        var (a, b) = (new AppSelector { Ids = [one] }, new AppSelector { Ids = [other] });
        Assert.Equal((meet, meet), (SelectorOverlap.CanMeet(a, b), SelectorOverlap.CanMeet(b, a)));
        Assert.Equal((meet, meet), (SelectorOverlap.HaveIdsInCommon(a, b), SelectorOverlap.HaveIdsInCommon(b, a)));
    }

    [Fact]
    public void Exceptions_and_labels_keep_apart()
    {
        var web = new AppSelector { Ids = ["/shop/web"] };
        var others = new AppSelector { Ids = ["/shop/*"], Except = ["/shop/w*"] };
        Assert.False(SelectorOverlap.CanMeet(web, others));

        var (front, frontal, back) = (Label("front"), Label("front*"), Label("back"));
        Assert.True(SelectorOverlap.CanMeet(front, frontal));
        Assert.False(SelectorOverlap.CanMeet(front, back));
        // An app with an id may have any labels; what labels alone may join is not surely joined.
        Assert.True(SelectorOverlap.CanMeet(web, front));
        Assert.False(SelectorOverlap.HaveIdsInCommon(web, front));

        static AppSelector Label(string tier) => new() { Labels = [new("tier", tier)] };
    }
}
