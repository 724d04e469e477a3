/*
 * pareto_nbd.c
 *		Pareto/NBD: the likelihood and its derivatives (core).
 *
 * Customers buy at random, each at a rate of the customer's own, gamma
 * distributed over customers with shape r and rate alpha, until they leave, at
 * a rate that is gamma distributed with shape s and rate beta (Schmittlein,
 * Morrison, Colombo, Counting your customers, Management Science 33, 1987;
 * Fader, Hardie, A note on deriving the Pareto/NBD model, 2005).  The
 * likelihood of a history is
 *
 *		Gamma(r + x) / Gamma(r) alpha^r beta^s [ (alpha + age)^-(r+x) (beta + age)^-s
 *		+ integral over u from t_x to age of s (alpha + u)^-(r+x) (beta + u)^-(s+1) ],
 *
 * alive at the end, or left at u.  The usual way writes the integral as a
 * difference of two hypergeometric functions, one way for alpha > beta and
 * another for alpha < beta, which overflows for some histories and loses digits
 * for others.  Here it is taken by quadrature over the logarithm of time, as a
 * sum of positive terms relative to the first.  The likelihood then is a
 * mixture, over "alive" and the nodes, of products of powers, and with the
 * nodes held fixed
 *
 *		gradient of log = mean of the gradients g of the parts,
 *		Hessian of log  = mean of the Hessians + covariance of g.
 *
 * Moments are taken relative to u = t_x, where the integrand mostly has its
 * peak, so that little cancels in the covariance.
 */
#include "scoring/lifetime/pareto_nbd.h"

#include "scoring/lifetime/likelihood_sum.h"
#include "scoring/lifetime/special.h"

/* --- Panels of the integral ------------------------------------------------------ */

static double
LeavingValue(const void *context, double w, double *slope)
{
	const ParetoLeaving *l = context;
	double		rise = l->sigma * expm1(w);
	double		near = l->sigma * exp(w);

	*slope = l->c - l->p * (near / (l->tau + near));
	return l->c * w - l->p * log1p(rise);
}

void
ParetoLeavingPanelsSlow(const ParetoLeaving *l, GaussPanels *panels)
{
	LogConcave	h = {LeavingValue, l};

	(void) LogConcavePanels(&h, 0, l->width, panels);
}

/* --- Moments over when the customer left ------------------------------------------ */

/*
 * At a node: w, y = log((M + u) / (M + t_x)), and how far m / (m + u) and
 * M / (M + u) have fallen since t_x, as parts of what they were.
 */
#define N_FEATURES	4

typedef struct Moments
{
	double		sum;			/* of the integrand: the integral */
	double		first[N_FEATURES];
	double		second[N_FEATURES][N_FEATURES]; /* lower triangle */
} Moments;

static inline void
AddNode(Moments *m, double f, double w, double y, double a, double b)
{
	double		fw = f * w;
	double		fy = f * y;
	double		fa = f * a;
	double		fb = f * b;

	m->sum += f;
	m->first[0] += fw;
	m->first[1] += fy;
	m->first[2] += fa;
	m->first[3] += fb;
	m->second[0][0] += fw * w;
	m->second[1][0] += fy * w;
	m->second[1][1] += fy * y;
	m->second[2][0] += fa * w;
	m->second[2][1] += fa * y;
	m->second[2][2] += fa * a;
	m->second[3][0] += fb * w;
	m->second[3][1] += fb * y;
	m->second[3][2] += fb * a;
	m->second[3][3] += fb * b;
}

static inline void
AddNodeAt(Moments *m, const ParetoLeaving *l, double w, double e, double weight)
{
	double		near = l->tau + l->sigma * e;
	double		inverse = 1 / (e * near);
	double		y = log(near);
	double		f = weight * exp(l->c * w - l->p * y);

	AddNode(m, f, w, y, 1 - near * inverse, 1 - e * inverse);
}

static void
AddPanel(Moments *m, const ParetoLeaving *l, const GaussPanel *panel)
{
	const GaussRule *rule = panel->rule;
	double		middle = exp(panel->centre);

	for (int j = 0; j < rule->n_half; j++)
	{
		double		shift = panel->half * rule->node[j];
		double		e = exp(shift);
		double		weight = rule->weight[j] * panel->half;

		AddNodeAt(m, l, panel->centre - shift, middle / e, weight);
		AddNodeAt(m, l, panel->centre + shift, middle * e, weight);
	}
}

/* As AddPanel, for large exponents. */
static void
AddPanelPrecise(Moments *m, const ParetoLeaving *l, const GaussPanel *panel)
{
	const GaussRule *rule = panel->rule;

	for (int j = 0; j < 2 * rule->n_half; j++)
	{
		double		shift = panel->half * rule->node[j / 2];
		double		w = panel->centre + (j % 2 == 0 ? shift : -shift);
		double		e = expm1(w);
		double		y = log1p(l->sigma * e);
		double		f = rule->weight[j / 2] * panel->half * exp(l->c * w - l->p * y);

		AddNode(m, f, w, y, e / (1 + e), l->sigma * e / (1 + l->sigma * e));
	}
}

static void
LeavingMoments(const ParetoLeaving *l, Moments *m)
{
	GaussPanels panels;

	memset(m, 0, sizeof(*m));
	if (l->width <= 0)
		return;
	ParetoLeavingPanels(l, &panels);
	for (int i = 0; i < panels.n; i++)
	{
		if (l->k < PRECISE_FROM)
			AddPanel(m, l, &panels.panel[i]);
		else
			AddPanelPrecise(m, l, &panels.panel[i]);
	}
	if (m->sum > 0)
	{
		double		inverse = 1 / m->sum;

		for (int i = 0; i < N_FEATURES; i++)
			m->first[i] *= inverse;
		for (int i = 0; i < N_FEATURES; i++)
			for (int j = 0; j <= i; j++)
				m->second[i][j] *= inverse;
	}
}

/* --- The likelihood ---------------------------------------------------------------- */

/* What depends on x only, and what on age only. */
typedef struct ParetoRun
{
	double		x;
	double		log_gamma;		/* log Gamma(r + x) - log Gamma(r), and the same of */
	double		digamma;
	double		trigamma;
	double		age;
	double		log_age;		/* log(alpha + age) */
	double		log_a;			/* log(1 + age / alpha) */
	double		log_b;			/* log(1 + age / beta) */
	double		a;				/* alpha / (alpha + age) */
	double		b;				/* beta / (beta + age) */
	double		a_rest;			/* 1 - a */
	double		b_rest;
} ParetoRun;

static void
RunX(ParetoRun *run, const double *parameter, double x)
{
	run->x = x;
	run->log_gamma = LogGammaDifference(parameter[0], x);
	run->digamma = DigammaDifference(parameter[0], x);
	run->trigamma = TrigammaDifference(parameter[0], x);
}

static void
RunAge(ParetoRun *run, const double *parameter, double age)
{
	double		alpha = parameter[1];
	double		beta = parameter[3];

	run->age = age;
	run->log_age = log(alpha + age);
	run->log_a = log1p(age / alpha);
	run->log_b = log1p(age / beta);
	run->a = alpha / (alpha + age);
	run->a_rest = age / (alpha + age);
	run->b = beta / (beta + age);
	run->b_rest = age / (beta + age);
}

/*
 * Alive, or left at some u: log(1 + u / alpha), a = alpha / (alpha + u),
 * log(1 + u / beta) and b = beta / (beta + u), numbered so, relative to u = t_x.
 */
typedef struct Mixture
{
	ParetoLeaving l;
	Moments		m;
	const int  *feature;		/* which of the moments' features each is */
	double		log_odds;
	double		left;			/* the probability to have left */
	double		alive;
	double		a0;				/* alpha / (alpha + t_x) */
	double		b0;
	double		mean[N_FEATURES];	/* of those who left */
} Mixture;

static void
MixtureOf(const double *parameter, const ParetoRun *run, double t_x, Mixture *mix)
{
	/* w or y, and the fall of m or M */
	static const int of_alpha_least[N_FEATURES] = {0, 2, 1, 3};
	static const int of_beta_least[N_FEATURES] = {1, 3, 0, 2};

	ParetoLeavingOf(parameter, run->x, t_x, run->age - t_x, &mix->l);
	LeavingMoments(&mix->l, &mix->m);
	mix->feature = mix->l.alpha_least ? of_alpha_least : of_beta_least;
	mix->log_odds = ParetoLogOdds(&mix->l, parameter[2], mix->m.sum);
	mix->left = LogisticOfMinus(-mix->log_odds);
	mix->alive = LogisticOfMinus(mix->log_odds);
	mix->a0 = parameter[1] / (parameter[1] + t_x);
	mix->b0 = parameter[3] / (parameter[3] + t_x);
	for (int i = 0; i < N_FEATURES; i++)
		mix->mean[i] = mix->m.first[mix->feature[i]];
	mix->mean[1] *= -mix->a0;
	mix->mean[3] *= -mix->b0;
}

/* The covariance of g over the mixture, into the lower triangle of the Hessian. */
static inline void
SetCovariance(const double *parameter, const ParetoRun *run, const Mixture *mix,
			  LifetimeLikelihood *cell)
{
	double		r = parameter[0];
	double		s = parameter[2];
	double		q = mix->l.q;
	const double *mean = mix->mean;
	const Moments *m = &mix->m;
	double		factor[N_FEATURES];	/* of the features in g */
	double		apart[N_FEATURES];	/* the mean g of those who left, less that of the alive */

	factor[0] = -r;
	factor[1] = q * mix->a0;
	factor[2] = -s;
	factor[3] = (s + 1) * mix->b0;
	apart[0] = -r * (mean[0] - mix->l.log_a);
	apart[1] = -q * (mean[1] + mix->a0 - run->a);
	apart[2] = 1 - s * (mean[2] - mix->l.log_b);
	apart[3] = -(s + 1) * (mean[3] + mix->b0) + s * run->b;
	for (int i = 0; i < N_FEATURES; i++)
		for (int j = 0; j <= i; j++)
		{
			int			u = Max(mix->feature[i], mix->feature[j]);
			int			v = Min(mix->feature[i], mix->feature[j]);
			double		covariance = m->second[u][v] - m->first[u] * m->first[v];

			cell->hessian[i][j] = mix->left * (factor[i] * factor[j] * covariance
											   + mix->alive * apart[i] * apart[j]);
		}
}

/* Of one customer; of the Hessian the lower triangle. */
static void
CellLikelihood(const double *parameter, const ParetoRun *run, double t_x,
			   LifetimeLikelihood *cell)
{
	double		r = parameter[0];
	double		s = parameter[2];
	double		a0_rest = t_x / (parameter[1] + t_x);
	double		b0_rest = t_x / (parameter[3] + t_x);
	double		alive;
	double		left;
	double		log_a;			/* means over the mixture: log(1 + u / alpha) */
	double		a;
	double		a_rest;			/* 1 - a */
	double		a_product;		/* a (1 - a) */
	double		log_b;			/* log(1 + u / beta) */
	double		b_rest;
	double		b_left;			/* b and b (1 - b), of those who left */
	double		b_product_left;
	Mixture		mix;

	MixtureOf(parameter, run, t_x, &mix);
	SetCovariance(parameter, run, &mix, cell);
	alive = mix.alive;
	left = mix.left;

	log_a = run->log_a + left * (mix.mean[0] - mix.l.log_a);
	a = alive * run->a + left * (mix.a0 + mix.mean[1]);
	a_rest = alive * run->a_rest + left * (a0_rest - mix.mean[1]);
	a_product = alive * run->a * run->a_rest
		+ left * (mix.a0 * a0_rest + (a0_rest - mix.a0) * mix.mean[1]
				  - mix.a0 * mix.a0 * mix.m.second[mix.feature[1]][mix.feature[1]]);
	log_b = run->log_b + left * (mix.mean[2] - mix.l.log_b);
	b_rest = alive * run->b_rest + left * (b0_rest - mix.mean[3]);
	b_left = mix.b0 + mix.mean[3];
	b_product_left = mix.b0 * b0_rest + (b0_rest - mix.b0) * mix.mean[3]
		- mix.b0 * mix.b0 * mix.m.second[mix.feature[3]][mix.feature[3]];

	cell->value = run->log_gamma - run->x * run->log_age - r * run->log_a
		- s * run->log_b + LogOnePlusExp(mix.log_odds);
	cell->gradient[0] = r * (run->digamma - log_a);
	cell->gradient[1] = r * a_rest - run->x * a;
	cell->gradient[2] = left - s * log_b;
	cell->gradient[3] = s * b_rest - left * b_left;
	cell->hessian[0][0] += cell->gradient[0] + r * r * run->trigamma;
	cell->hessian[1][0] += r * a_rest;
	cell->hessian[1][1] -= mix.l.q * a_product;
	cell->hessian[2][2] -= s * log_b;
	cell->hessian[3][2] += s * b_rest;
	cell->hessian[3][3] -= alive * s * run->b * run->b_rest
		+ left * (s + 1) * b_product_left;
}

static void
ParetoLikelihood(const double *parameter, const LifetimeCells *cells,
				 LifetimeLikelihood *result)
{
	ParetoRun	run = {.x = -1, .age = -1};
	LifetimeLikelihood cell;
	LikelihoodSum sum;

	memset(&cell, 0, sizeof(cell));
	memset(&sum, 0, sizeof(sum));
	for (int64 i = 0; i < cells->n; i++)
	{
		POLL_EVERY(i);
		if (cells->x[i] != run.x)
			RunX(&run, parameter, cells->x[i]);
		if (cells->age[i] != run.age)
			RunAge(&run, parameter, cells->age[i]);
		CellLikelihood(parameter, &run, cells->t_x[i], &cell);
		LikelihoodCollect(&sum, &cell, cells->count[i]);
	}
	LikelihoodResult(&sum, result);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			result->hessian[j][i] = result->hessian[i][j];
}

const LifetimeKindOps pareto_nbd_ops = {
	.name = "pareto_nbd",
	.n_parameters = 4,
	.parameter = {"r", "alpha", "s", "beta"},
	.is_time = {false, true, false, true},
	.likelihood = ParetoLikelihood,
	.p_alive = ParetoPAlive,
	.expected_purchases = ParetoExpectedPurchases,
	.purchase_probability = ParetoPurchaseProbability,
	.dert = ParetoDert,
};
