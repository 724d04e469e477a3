/*
 * log_concave.c
 *		Integrals of exp(h), h concave, by panels of Gauss-Legendre rules (core).
 *
 * The peak is found by bisection of the slope, and from there, to both sides,
 * where h has fallen by NEGLIGIBLE: by Newton's method from the far end, which
 * for a concave function comes nearer with every step and never goes too far.
 * What remains is cut at the peak, then in halves until there is a rule for
 * each part.  By concavity the slopes at the ends bound the variation between.
 *
 * The nodes were computed with 40 digits from the roots of the Legendre
 * polynomials.
 */
#include "scoring/lifetime/log_concave.h"

#include "scoring/lifetime/gauss_legendre.h"

static const double node_6[] = {
	0.23861918608319690863, 0.66120938646626451366, 0.93246951420315202781
};
static const double weight_6[] = {
	0.46791393457269104739, 0.36076157304813860757, 0.17132449237917034504
};

static const double node_8[] = {
	0.18343464249564980494, 0.52553240991632898582, 0.79666647741362673959,
	0.96028985649753623168
};
static const double weight_8[] = {
	0.36268378337836198297, 0.31370664587788728734, 0.22238103445337447054,
	0.10122853629037625915
};

static const double node_10[] = {
	0.14887433898163121088, 0.4333953941292471908, 0.67940956829902440623,
	0.86506336668898451073, 0.97390652851717172008
};
static const double weight_10[] = {
	0.29552422471475287017, 0.26926671930999635509, 0.219086362515982044,
	0.14945134915058059315, 0.066671344308688137594
};

static const double node_12[] = {
	0.12523340851146891547, 0.36783149899818019375, 0.5873179542866174473,
	0.76990267419430468704, 0.90411725637047485668, 0.98156063424671925069
};
static const double weight_12[] = {
	0.249147045813402785, 0.23349253653835480876, 0.20316742672306592175,
	0.16007832854334622633, 0.10693932599531843096, 0.047175336386511827195
};

static const double node_16[] = {
	0.095012509837637440185, 0.28160355077925891323, 0.45801677765722738634,
	0.61787624440264374845, 0.7554044083550030339, 0.86563120238783174388,
	0.94457502307323257608, 0.9894009349916499326
};
static const double weight_16[] = {
	0.18945061045506849629, 0.18260341504492358887, 0.16915651939500253819,
	0.14959598881657673208, 0.12462897125553387205, 0.09515851168249278481,
	0.062253523938647892863, 0.027152459411754094852
};

static const double node_20[] = {
	0.076526521133497333755, 0.22778585114164507808, 0.37370608871541956067,
	0.510867001950827098, 0.63605368072651502545, 0.74633190646015079261,
	0.83911697182221882339, 0.91223442825132590587, 0.96397192727791379127,
	0.99312859918509492479
};
static const double weight_20[] = {
	0.1527533871307258507, 0.14917298647260374679, 0.14209610931838205133,
	0.1316886384491766269, 0.11819453196151841731, 0.10193011981724043504,
	0.083276741576704748725, 0.06267204833410906357, 0.040601429800386941331,
	0.017614007139152118312
};

const GaussRule gauss_rules[N_GAUSS_RULES] = {
	{3, node_6, weight_6, 1 / 0.6, 1 / 0.65},
	{4, node_8, weight_8, 1 / 2.4, 1 / 1.4},
	{5, node_10, weight_10, 1 / 5.6, 1 / 2.2},
	{6, node_12, weight_12, 1 / 10.3, 1 / 3.0},
	{8, node_16, weight_16, 1 / 22.0, 1 / 4.5},
	{10, node_20, weight_20, 1 / 39.0, 1 / 6.0},
	{N_GAUSS_HALF, gauss_node, gauss_weight, 1 / 59.0, 1 / 7.5}
};

static double
Value(const LogConcave *h, double w)
{
	double		slope;

	return h->value(h->context, w, &slope);
}

static double
Slope(const LogConcave *h, double w)
{
	double		slope;

	(void) h->value(h->context, w, &slope);
	return slope;
}

double
LogConcavePeak(const LogConcave *h, double from, double to)
{
	double		rise = Slope(h, from);
	double		fall = Slope(h, to);

	if (rise <= 0)
		return from;
	if (fall >= 0)
		return to;
	while ((to - from) * Min(rise, -fall) > 1)
	{
		double		middle = from + (to - from) / 2;
		double		slope;

		if (middle <= from || middle >= to)
			break;
		slope = Slope(h, middle);
		if (slope > 0)
		{
			from = middle;
			rise = slope;
		}
		else
		{
			to = middle;
			fall = slope;
		}
	}
	return rise < -fall ? from : to;
}

/* Between an end and the peak: where h is below the floor, and not by much. */
static double
CutOff(const LogConcave *h, double end, double peak, double floor)
{
	for (int i = 0; i < 100; i++)
	{
		double		slope;
		double		value = h->value(h->context, end, &slope);
		double		step;

		if (value >= floor || slope == 0)
			break;
		step = (floor - value) / slope;
		if ((end < peak) != (step > 0))
			break;
		if (isinf(step) || isnan(step))
			step = 0.5 * (peak - end);
		if (fabs(step) < 0.05 * fabs(peak - end))
			break;
		end += step;
	}
	return end;
}

static void
AddPanels(const LogConcave *h, double from, double to, double rise, double fall,
		  GaussPanels *panels)
{
	double		width = to - from;
	const GaussRule *rule = GaussRuleFor(Max(fabs(rise), fabs(fall)) * width, width);
	double		middle = from + width / 2;

	if (panels->n == MAX_GAUSS_PANELS || !(width > 0))
		return;
	if (rule == NULL && middle > from && middle < to)
	{
		double		slope = Slope(h, middle);

		AddPanels(h, from, middle, rise, slope, panels);
		AddPanels(h, middle, to, slope, fall, panels);
		return;
	}
	panels->panel[panels->n].centre = middle;
	panels->panel[panels->n].half = width / 2;
	panels->panel[panels->n].rule = rule != NULL ? rule : &gauss_rules[N_GAUSS_RULES - 1];
	panels->n++;
}

double
LogConcavePanels(const LogConcave *h, double from, double to, GaussPanels *panels)
{
	double		peak = LogConcavePeak(h, from, to);
	double		slope;
	double		top = h->value(h->context, peak, &slope);

	from = CutOff(h, from, peak, top - NEGLIGIBLE);
	to = CutOff(h, to, peak, top - NEGLIGIBLE);
	panels->n = 0;
	AddPanels(h, from, peak, Slope(h, from), slope, panels);
	AddPanels(h, peak, to, slope, Slope(h, to), panels);
	return top;
}

double
LogConcaveIntegral(const LogConcave *h, double from, double to)
{
	GaussPanels panels;
	double		top = LogConcavePanels(h, from, to, &panels);
	double		sum = 0;

	for (int i = 0; i < panels.n; i++)
	{
		const GaussPanel *panel = &panels.panel[i];
		double		part = 0;

		for (int j = 0; j < panel->rule->n_half; j++)
		{
			double		shift = panel->half * panel->rule->node[j];

			part += panel->rule->weight[j] * (exp(Value(h, panel->centre - shift) - top)
											  + exp(Value(h, panel->centre + shift) - top));
		}
		sum += panel->half * part;
	}
	return top + log(sum);
}
